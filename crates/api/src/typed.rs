//! Commands as a person types them.

use windlass_model::EnvironmentName;

/// What is typed for a command in an environment: in a file of several none is meant without its name.
pub fn command_in(environment: &EnvironmentName, words: &str) -> String {
    if *environment == EnvironmentName::default_environment() {
        format!("windlass {words}")
    } else {
        format!("windlass -e {environment} {words}")
    }
}
