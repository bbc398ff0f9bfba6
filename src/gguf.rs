//! GGUF files, read with candle: typed access to their metadata and their tensors as [`Matrix`].

use std::collections::HashMap;
use std::io::Cursor;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, Value};

use crate::error::{Error, Result};
use crate::matrix::Matrix;

/// The key-value part of the file.
pub struct Metadata<'a>(pub &'a HashMap<String, Value>);

impl Metadata<'_> {
    pub fn text(&self, key: &str) -> Result<&str> {
        let value = self.get(key)?;
        value.to_string().map(String::as_str).map_err(|_| wrong_type(key, "a text"))
    }

    pub fn number(&self, key: &str) -> Result<usize> {
        let number = match self.get(key)? {
            Value::U8(v) => *v as i128,
            Value::I8(v) => *v as i128,
            Value::U16(v) => *v as i128,
            Value::I16(v) => *v as i128,
            Value::U32(v) => *v as i128,
            Value::I32(v) => *v as i128,
            Value::U64(v) => *v as i128,
            Value::I64(v) => *v as i128,
            _ => -1,
        };
        usize::try_from(number).map_err(|_| wrong_type(key, "a whole number"))
    }

    pub fn real(&self, key: &str) -> Result<f32> {
        match self.get(key)? {
            Value::F32(v) => Ok(*v),
            Value::F64(v) => Ok(*v as f32),
            _ => Err(wrong_type(key, "a number")),
        }
    }

    pub fn texts(&self, key: &str) -> Result<Vec<String>> {
        let values = self.get(key)?.to_vec().map_err(|_| wrong_type(key, "a list of texts"))?;
        values.iter().map(|v| v.to_string().cloned().map_err(|_| wrong_type(key, "a list of texts"))).collect()
    }

    pub fn numbers(&self, key: &str) -> Result<Vec<i32>> {
        let values = self.get(key)?.to_vec().map_err(|_| wrong_type(key, "a list of numbers"))?;
        values
            .iter()
            .map(|v| match v {
                Value::I32(v) => Ok(*v),
                Value::U32(v) => Ok(*v as i32),
                _ => Err(wrong_type(key, "a list of numbers")),
            })
            .collect()
    }

    fn get(&self, key: &str) -> Result<&Value> {
        self.0.get(key).ok_or_else(|| {
            Error::model(format!(
                "The GGUF file has no metadata key {key}. Choose a complete GGUF file of a Llama-style model."
            ))
        })
    }
}

fn wrong_type(key: &str, expected: &str) -> Error {
    Error::model(format!("The metadata key {key} of the GGUF file is not {expected}. The file is damaged."))
}

/// An open GGUF file in memory.
pub struct Gguf<'a> {
    bytes: &'a [u8],
    content: Content,
}

impl<'a> Gguf<'a> {
    /// # Errors
    /// Where the bytes are not GGUF or end early.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        if !bytes.starts_with(b"GGUF") {
            return Err(Error::model(
                "This is not a GGUF file: its first four bytes are not \"GGUF\". Choose a file that ends in .gguf.",
            ));
        }
        if says_alignment_zero(bytes) {
            return Err(wrong_type("general.alignment", "a positive number"));
        }
        let content = Content::read(&mut Cursor::new(bytes)).map_err(|e| unreadable(&e.to_string()))?;
        Ok(Self { bytes, content })
    }

    pub fn metadata(&self) -> Metadata<'_> {
        Metadata(&self.content.metadata)
    }

    pub fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// (rows, columns) of a tensor; a vector has one row.
    pub fn shape(&self, name: &str) -> Result<(usize, usize)> {
        let info = self.content.tensor_infos.get(name).ok_or_else(|| missing(name))?;
        match *info.shape.dims() {
            [columns] => Ok((1, columns)),
            [rows, columns] => Ok((rows, columns)),
            _ => Err(Error::model(format!(
                "The tensor {name} of the GGUF file has shape {:?}, but a matrix or a vector is expected.",
                info.shape.dims()
            ))),
        }
    }

    /// The tensor in the precision of the file.
    ///
    /// # Errors
    /// Where it is missing, has another shape, or lies beyond the end of the file.
    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        if self.shape(name)? != (rows, columns) {
            return Err(Error::model(format!(
                "The tensor {name} of the GGUF file has shape {:?}, but its metadata asks for {rows} x {columns}.",
                self.shape(name)?
            )));
        }
        let info = self.content.tensor_infos.get(name).ok_or_else(|| missing(name))?;
        let dtype = info.ggml_dtype;
        // In 64 bits, since a usize has 32 in a browser.
        let length = rows as u64 * columns as u64 / dtype.block_size() as u64 * dtype.type_size() as u64;
        let start = self.content.tensor_data_offset.saturating_add(info.offset);
        let range = usize::try_from(start).ok().zip(usize::try_from(start.saturating_add(length)).ok());
        let data = range.and_then(|(start, end)| self.bytes.get(start..end)).ok_or_else(|| {
            Error::model(format!("The GGUF file ends in the middle of the tensor {name}. Download it again."))
        })?;
        match dtype {
            GgmlDType::F32 => Ok(Matrix::from_f32(rows, columns, bytemuck::pod_collect_to_vec(data))),
            GgmlDType::F16 => Ok(Matrix::from_f16(rows, columns, bytemuck::pod_collect_to_vec(data))),
            GgmlDType::BF16 => Ok(Matrix::from_bf16(rows, columns, bytemuck::pod_collect_to_vec(data))),
            _ => Matrix::from_quantised(rows, columns, data.to_vec(), dtype),
        }
    }
}

/// candle divides by the alignment of the tensors before anybody can look at it; 0 would end the program.
/// The metadata is taken to lie in the first 16 MiB.
fn says_alignment_zero(bytes: &[u8]) -> bool {
    const KEY: &[u8] = b"general.alignment";
    let head = &bytes[..bytes.len().min(16 << 20)];
    head.windows(KEY.len()).enumerate().filter(|(_, window)| *window == KEY).any(|(at, _)| {
        // The type (u32: 0 and 1 have one byte, 2 and 3 two, 4 and 5 four), then the number.
        let value = &bytes[at + KEY.len()..];
        match value.first() {
            Some(0 | 1) => value.get(4) == Some(&0),
            Some(2 | 3) => value.get(4..6) == Some(&[0; 2]),
            Some(4 | 5) => value.get(4..8) == Some(&[0; 4]),
            _ => false,
        }
    })
}

/// A sentence for what candle says of a file that it can't read.
fn unreadable(reason: &str) -> Error {
    let advice = if reason.contains("unknown dtype") {
        "Its weights are quantised in a way that is not known here (IQ2 to IQ4, for example; files named Q2_K or Q3_K can have such parts too). Choose a Q4_0, Q4_K_M, Q5_K_M, Q6_K or Q8_0 file of the model"
    } else if reason.contains("magic/version") {
        "It is of another version of the format. Choose a newer file of the model"
    } else {
        "It may be incomplete: download it again"
    };
    Error::model(format!("The GGUF file cannot be read: {reason}. {advice}."))
}

fn missing(name: &str) -> Error {
    Error::model(format!("The GGUF file has no tensor {name}. It is not a complete Llama-style model."))
}
