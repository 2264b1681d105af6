//! Whole numbers in bodies, however JSON writes them.
//!
//! To JSON Schema `1000.0` and `1e3` are integers (2020-12, validation 6.1.1): a program that has only one kind
//! of number may write them so, and the document says "integer".

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// Above it a floating-point number no longer tells two integers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number from 0, which may be missing or null.
///
/// # Errors
/// Those of the deserializer, and anything that is no such number.
pub(crate) fn whole_if_known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    from.deserialize_option(Whole)
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is whole, and within what a floating-point number holds exactly"
            )]
            return Ok(Some(number as u64));
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Asked {
        #[serde(default, deserialize_with = "whole_if_known")]
        wait_ms: Option<u64>,
    }

    fn read(text: &str) -> Result<Option<u64>, String> {
        serde_json::from_str::<Asked>(text)
            .map(|asked| asked.wait_ms)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_number_is_read_in_each_form_that_json_has() {
        for text in [
            r#"{"wait_ms":1000}"#,
            r#"{"wait_ms":1000.0}"#,
            r#"{"wait_ms":1e3}"#,
        ] {
            assert_eq!(read(text), Ok(Some(1_000)), "{text}");
        }
        assert_eq!(read(r#"{"wait_ms":null}"#), Ok(None));
        assert_eq!(read("{}"), Ok(None));
        assert_eq!(
            read(r#"{"wait_ms":18446744073709551615}"#),
            Ok(Some(u64::MAX))
        );
    }

    #[test]
    fn what_is_no_whole_number_from_0_is_refused_by_what_it_is() {
        for text in [
            "1.5",
            "-1",
            "-1.0",
            "1e300",
            "9007199254740994.0",
            "\"5\"",
            "true",
        ] {
            let refused = read(&format!(r#"{{"wait_ms":{text}}}"#)).expect_err(text);
            assert!(
                refused.contains("expected a whole number from 0"),
                "{text}: {refused}"
            );
        }
    }
}
