//! How measures are written for programs that read records: a whole one without a fraction.
//!
//! Only what is told is written so. What a plan's digest covers keeps the form that it always had, or the same
//! plan would have another id. Both forms are read.

use serde::{Serialize as _, Serializer};

use crate::Measure;

/// `10000` and not `10000.0`; anything else as it is.
///
/// # Errors
/// Those of the serializer.
pub fn whole<S: Serializer>(measure: &Measure, to: S) -> Result<S::Ok, S::Error> {
    match measure.as_whole() {
        Some(whole) => to.serialize_i64(whole),
        None => measure.serialize(to),
    }
}

/// The same of one that may be missing.
///
/// # Errors
/// Those of the serializer.
pub fn whole_if_known<S: Serializer>(measure: &Option<Measure>, to: S) -> Result<S::Ok, S::Error> {
    match measure {
        Some(measure) => whole(measure, to),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Told {
        #[serde(serialize_with = "whole")]
        at_most: Measure,
        #[serde(default, serialize_with = "whole_if_known")]
        visible: Option<Measure>,
    }

    #[test]
    fn a_whole_measure_is_written_without_a_fraction_and_read_in_either_form() {
        let told = Told {
            at_most: Measure::nearest(10_000.0),
            visible: Some(Measure::nearest(2.5)),
        };
        let text = serde_json::to_string(&told).expect("JSON");
        assert_eq!(text, r#"{"at_most":10000,"visible":2.5}"#);
        let older = r#"{"at_most":10000.0,"visible":2.5}"#;
        for text in [text.as_str(), older] {
            let read: Told = serde_json::from_str(text).expect("a record");
            assert_eq!(read, told);
        }
        let least = r#"{"at_most":-3}"#;
        let read: Told = serde_json::from_str(least).expect("a record");
        let text = serde_json::to_string(&read).expect("JSON");
        assert_eq!(text, r#"{"at_most":-3,"visible":null}"#);
    }
}
