//! The operations of the document.

use serde_json::Value;

/// One method of one path.
pub(super) struct Operation<'a> {
    /// In capitals.
    pub(super) method: String,
    /// With its places in braces.
    pub(super) path: &'a str,
    /// All that the document says of it.
    pub(super) says: &'a Value,
}

impl<'a> Operation<'a> {
    /// Each that the document has.
    pub(super) fn all(document: &'a Value) -> Vec<Self> {
        let paths = document["paths"].as_object().unwrap();
        let each = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, says)| Self {
                method: method.to_uppercase(),
                path,
                says,
            })
        });
        each.collect()
    }

    /// Its name.
    pub(super) fn id(&self) -> &str {
        self.says["operationId"].as_str().unwrap()
    }

    /// Its parameters in `place`: path, query or header.
    pub(super) fn parameters(&self, place: &str) -> Vec<&'a Value> {
        let all = self.says["parameters"].as_array();
        let all = all.into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// The schema of its body, if it takes one.
    pub(super) fn body(&self) -> Option<&'a Value> {
        let body = self.says.get("requestBody")?;
        Some(&body["content"]["application/json"]["schema"])
    }
}

/// What a reference leads to, and under which name.
pub(super) fn resolved<'a>(document: &'a Value, schema: &'a Value) -> (Option<&'a str>, &'a Value) {
    match schema["$ref"].as_str() {
        None => (None, schema),
        Some(place) => {
            let name = place.rsplit('/').next().unwrap();
            (Some(name), &document["components"]["schemas"][name])
        }
    }
}
