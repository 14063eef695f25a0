//! What was imported, as the text of files.

use std::collections::BTreeMap;

use super::Imported;
use crate::problem::Failure;

/// The files of an import, as text.
pub fn texts(imported: &Imported) -> Result<BTreeMap<String, String>, Failure> {
    let mut texts = BTreeMap::new();
    for (path, entities) in &imported.files.entities {
        let mut entities = entities.clone();
        entities.sort_by_key(|e| e["uid"].as_str().unwrap_or_default().to_owned());
        texts.insert(path.clone(), pretty(&entities.into())?);
    }
    for (path, document) in &imported.files.documents {
        texts.insert(path.clone(), pretty(document)?);
    }
    Ok(texts)
}

fn pretty(value: &serde_json::Value) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::internal("JSON"))?;
    Ok(format!("{text}\n"))
}
