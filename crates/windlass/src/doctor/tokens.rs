//! The tokens for the network.

use windlass_client::StatePaths;
use windlass_server::Tokens;

use super::Finding;
use crate::diagnostic::chain;
use crate::wire;

/// Without them no controller starts: one that passed them over would shut everybody out silently.
pub(crate) fn tokens(paths: &StatePaths) -> Finding {
    const CHECK: &str = "tokens";
    let file = wire::tokens(paths);
    match Tokens::open(&file) {
        Ok(_readable) => Finding::ok(CHECK, "can be read, or there are none"),
        Err(why) => {
            let file = file.display();
            Finding::broken(
                CHECK,
                chain(&why),
                format!("move {file} away, then make new ones: windlass token create"),
            )
        }
    }
}
