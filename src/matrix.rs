//! A frozen matrix: in the precision that its file has it in, expanded to f32 a few rows at a time; or packed as f32.

use std::borrow::Cow;

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::kernels::panels::PackedMatrix;
use crate::kernels::quantised::QuantisedRows;

/// W (rows x columns), row by row. For a linear layer: outputs x inputs, as `torch.nn.Linear.weight`.
pub struct Matrix {
    rows: usize,
    columns: usize,
    data: Data,
}

/// The values as they are stored.
enum Data {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    Quantised(QuantisedRows),
    Packed(PackedMatrix),
}

/// How the products read a matrix.
pub enum Storage<'a> {
    Packed(&'a PackedMatrix),
    Quantised(&'a QuantisedRows),
    /// Rows, through [`Matrix::with_rows`].
    Rows,
}

impl Matrix {
    pub fn from_f32(rows: usize, columns: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self { rows, columns, data: Data::F32(values) }
    }

    pub fn from_f16(rows: usize, columns: usize, values: Vec<f16>) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self { rows, columns, data: Data::F16(values) }
    }

    pub fn from_bf16(rows: usize, columns: usize, values: Vec<bf16>) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self { rows, columns, data: Data::Bf16(values) }
    }

    /// `bytes` as GGUF stores them. Fails where a row is not a whole number of blocks.
    pub fn from_quantised(rows: usize, columns: usize, bytes: Vec<u8>, dtype: GgmlDType) -> Result<Self> {
        match QuantisedRows::new(columns, bytes, dtype) {
            Some(blocks) if blocks.bytes().len() == rows * blocks.row_bytes() => {
                Ok(Self { rows, columns, data: Data::Quantised(blocks) })
            }
            _ => Err(Error::model(format!(
                "A weight of {rows} x {columns} values does not fit the blocks of its type {dtype:?}. The GGUF file is damaged."
            ))),
        }
    }

    /// The same numbers as f32.
    pub fn expanded(self) -> Self {
        let values = self.expand(0, self.rows).into_owned();
        Self::from_f32(self.rows, self.columns, values)
    }

    /// The same numbers as f32, packed for the products: twice the memory of f32, and the fastest.
    pub fn packed(self) -> Self {
        let packed = PackedMatrix::new(self.columns, &self.expand(0, self.rows));
        Self { data: Data::Packed(packed), ..self }
    }

    pub fn storage(&self) -> Storage<'_> {
        match &self.data {
            Data::Packed(packed) => Storage::Packed(packed),
            Data::Quantised(blocks) => Storage::Quantised(blocks),
            _ => Storage::Rows,
        }
    }

    /// (rows, columns).
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        match &self.data {
            Data::Packed(packed) => packed.size(),
            Data::F32(_) | Data::F16(_) | Data::Bf16(_) | Data::Quantised(_) => self.bytes().len(),
        }
    }

    /// Calls `use_rows` with rows `first .. first + count` as f32, row by row.
    /// Rows that are stored as f32 are lent, others expanded into a buffer.
    pub fn with_rows<T>(&self, first: usize, count: usize, use_rows: impl FnOnce(&[f32]) -> T) -> T {
        use_rows(&self.expand(first, count))
    }

    /// One row as f32.
    pub fn row(&self, index: usize) -> Vec<f32> {
        self.expand(index, 1).into_owned()
    }

    fn expand(&self, first: usize, count: usize) -> Cow<'_, [f32]> {
        let range = first * self.columns..(first + count) * self.columns;
        match &self.data {
            Data::F32(values) => Cow::Borrowed(&values[range]),
            Data::F16(values) => Cow::Owned(values[range].iter().map(|v| v.to_f32()).collect()),
            Data::Bf16(values) => Cow::Owned(values[range].iter().map(|v| v.to_f32()).collect()),
            Data::Quantised(blocks) => Cow::Owned(blocks.expand(first, count)),
            Data::Packed(packed) => Cow::Owned(packed.rows(first, count)),
        }
    }

    /// The rows in another order: row i of the result is row `order(i)` of this one.
    pub fn with_row_order(self, order: impl Fn(usize) -> usize) -> Self {
        fn reorder<T: Copy>(values: &[T], width: usize, rows: usize, order: impl Fn(usize) -> usize) -> Vec<T> {
            (0..rows).flat_map(|i| &values[order(i) * width..(order(i) + 1) * width]).copied().collect()
        }
        let (rows, columns) = (self.rows, self.columns);
        let data = match self.data {
            Data::F32(v) => Data::F32(reorder(&v, columns, rows, order)),
            Data::F16(v) => Data::F16(reorder(&v, columns, rows, order)),
            Data::Bf16(v) => Data::Bf16(reorder(&v, columns, rows, order)),
            Data::Quantised(blocks) => Data::Quantised(blocks.reordered((0..rows).map(order))),
            Data::Packed(packed) => {
                let values = reorder(&packed.rows(0, rows), columns, rows, order);
                Data::Packed(PackedMatrix::new(columns, &values))
            }
        };
        Self { rows, columns, data }
    }

    /// Adds every number to a hash, as it is stored, row by row. Of the two copies of a packed matrix one is hashed, and
    /// the other compared with it bit for bit: where they differ the hash is another one.
    pub fn hash_into(&self, hash: &mut Sha256) {
        const ROWS: usize = 64;
        let Data::Packed(packed) = &self.data else { return hash.update(self.bytes()) };
        for first in (0..self.rows).step_by(ROWS) {
            let rows = packed.rows(first, ROWS.min(self.rows - first));
            hash.update(bytemuck::cast_slice::<f32, u8>(&rows));
        }
        if !packed.copies_agree() {
            hash.update(b"the copy for the backward product differs");
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::F32(v) => bytemuck::cast_slice(v),
            Data::F16(v) => bytemuck::cast_slice(v),
            Data::Bf16(v) => bytemuck::cast_slice(v),
            Data::Quantised(blocks) => blocks.bytes(),
            Data::Packed(_) => unreachable!("a packed matrix has two copies"),
        }
    }
}
