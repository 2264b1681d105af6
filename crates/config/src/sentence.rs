//! One sentence of the trigger language by itself.

use windlass_model::Trigger;

use crate::decode::read_trigger;

/// A sentence that is no trigger: what is wrong with it, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoTrigger {
    message: String,
    hint: String,
}

impl std::fmt::Display for NoTrigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.message, self.hint)
    }
}

impl std::error::Error for NoTrigger {}

/// Reads a trigger as `rollback_on` does.
///
/// # Errors
/// [`NoTrigger`].
pub fn trigger(text: &str) -> Result<Trigger, NoTrigger> {
    read_trigger(text).map_err(|(message, hint)| NoTrigger { message, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_by_itself_is_read_as_in_a_file() {
        let read = trigger("response time > 2s for 30s").expect("a trigger");
        assert_eq!(read.to_string(), "p95 > 2s for 30s");
        let why = trigger("error rate > 5 for 10s").expect_err("no trigger");
        assert_eq!(
            why.to_string(),
            "`5` is not a share; a share carries its sign: write 5%"
        );
    }
}
