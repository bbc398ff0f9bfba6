//! A run as bytes, so that it can go on after a reload or a crash: a safetensors file with the trained variables and
//! the optimizer's moments, and the rest as JSON in its metadata.

use std::collections::HashMap;
use std::rc::Rc;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::batches::BatchState;
use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::language_model::LanguageModel;
use crate::settings::{RawSettings, check};
use crate::tuner::Tuner;

const KEY: &str = "run";
/// The tensor of what is part of the soft prompt and not trained ([`crate::technique::Technique::fixed`]).
const FIXED: &str = "fixed";

#[derive(Serialize, Deserialize)]
struct Header<S> {
    step: usize,
    batches: BatchState,
    settings: S,
}

impl Tuner {
    pub fn save_state(&self) -> Result<Vec<u8>> {
        let header = Header { step: self.step_number(), batches: self.batches.state(), settings: &self.settings };
        let header =
            serde_json::to_string(&header).map_err(|e| Error::Internal(format!("The run cannot be saved: {e}")))?;
        let mut tensors = Vec::new();
        for (i, (parameter, moments)) in self.technique().parameters().iter().zip(&self.optimizer.moments).enumerate() {
            let parts = [("value", &parameter.values), ("first", &moments.first), ("second", &moments.second)];
            tensors.extend(parts.map(|(part, values)| (format!("{part}.{i}"), parameter.shape.clone(), values)));
        }
        if let Some(fixed) = self.technique().fixed() {
            tensors.push((FIXED.to_string(), vec![fixed.len()], fixed));
        }
        safetensors_of(&tensors, Some(HashMap::from([(KEY.to_string(), header)])))
    }

    /// The trained numbers of an encoder that makes the soft prompt, for a run with PEFT: a safetensors file with
    /// `value.0`, `value.1`, ... in the order and shapes of the parameters of PEFT's `prompt_encoder`, and, where its
    /// output is added to something, that as `fixed` (virtual tokens x width). None where the soft prompt itself is trained.
    pub fn save_encoder(&self) -> Result<Option<Vec<u8>>> {
        let parameters = self.technique().parameters();
        if parameters.len() == 1 {
            return Ok(None);
        }
        let values = parameters.iter().enumerate().map(|(i, p)| (format!("value.{i}"), p.shape.clone(), &p.values));
        let mut tensors: Vec<_> = values.collect();
        if let Some(fixed) = self.technique().fixed() {
            let width = self.soft_prompt()?.width();
            tensors.push((FIXED.to_string(), vec![fixed.len() / width, width], fixed));
        }
        safetensors_of(&tensors, None).map(Some)
    }

    /// Goes on from [`Tuner::save_state`] with the same examples. The settings that are given in `changed` replace the saved
    /// ones, for example more steps; what belongs to the technique stays as it was saved.
    ///
    /// # Errors
    /// Where the bytes are not a saved run, or one on another model.
    pub fn resume(model: Rc<LanguageModel>, examples: &[Example], state: &[u8], changed: &RawSettings) -> Result<Self> {
        let (_, metadata) = SafeTensors::read_metadata(state).map_err(|_| damaged())?;
        let header = metadata.metadata().as_ref().and_then(|m| m.get(KEY)).ok_or_else(damaged)?;
        let header: Header<RawSettings> = serde_json::from_str(header).map_err(|_| damaged())?;
        let saved = check(header.settings.clone()).into_result()?;
        // The start is that of the saved run, whatever is said here.
        let raw = RawSettings { prompt_tuning_init: Some("RANDOM".into()), ..header.settings.with(changed.clone()) };
        let settings = check(raw).into_result()?.with_technique_of(&saved);
        let mut tuner = Self::new(model, examples, settings)?;
        let file = SafeTensors::deserialize(state).map_err(|_| damaged())?;
        for (i, parameter) in tuner.technique_mut().parameters_mut().into_iter().enumerate() {
            parameter.values = values(&file, &format!("value.{i}"), parameter.values.len())?;
        }
        // A run that started from a trained prompt has one although the settings alone would make none.
        if let Ok(fixed) = file.tensor(FIXED) {
            let length = fixed.shape().iter().product();
            tuner.technique_mut().set_fixed(values(&file, FIXED, length)?);
        }
        for (i, moments) in tuner.optimizer.moments.iter_mut().enumerate() {
            moments.first = values(&file, &format!("first.{i}"), moments.first.len())?;
            moments.second = values(&file, &format!("second.{i}"), moments.second.len())?;
        }
        tuner.optimizer.updates = header.step;
        // With other examples than before the data simply starts a new epoch.
        tuner.batches.restore(header.batches);
        Ok(tuner)
    }
}

/// A safetensors file of these tensors (name, shape, values).
fn safetensors_of(
    tensors: &[(String, Vec<usize>, &Vec<f32>)],
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>> {
    let views = tensors.iter().map(|(name, shape, values)| {
        TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(values.as_slice())).map(|view| (name, view))
    });
    let views = views.collect::<std::result::Result<Vec<_>, _>>();
    views
        .and_then(|views| safetensors::serialize(views, metadata))
        .map_err(|e| Error::Internal(format!("The run cannot be saved: {e}")))
}

fn values(file: &SafeTensors, name: &str, length: usize) -> Result<Vec<f32>> {
    let tensor = file.tensor(name).map_err(|_| damaged())?;
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(tensor.data());
    if tensor.dtype() != Dtype::F32 || values.len() != length {
        return Err(Error::input("The saved run was made on another model. Load that model, or start a new run."));
    }
    Ok(values)
}

fn damaged() -> Error {
    Error::input("The saved run cannot be read: it is damaged or of another version. Start a new run.")
}
