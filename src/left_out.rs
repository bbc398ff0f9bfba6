//! Fields that JavaScript may leave out.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "or_default")]`: `null` and `undefined` are the default too.
///
/// # Errors
/// Where a value is there and is of another type.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(field: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(field)?.unwrap_or_default())
}

#[test]
fn what_is_null_or_left_out_is_the_default() {
    let read = |json: &str| serde_json::from_str::<crate::discrete_prompt::DiscretePrompt>(json);
    for json in ["{}", r#"{"shots": null}"#, r#"{"shots": []}"#] {
        assert_eq!(read(json).unwrap().shots, [], "{json}");
    }
    assert!(read(r#"{"shots": 1}"#).is_err());
}
