//! `older_router router --state-dir DIR`: a router that says that it is of an earlier version, for tests.
//! It is this router in all else, so that a later one can take its place.

use std::env::args_os;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use windlass_client::StatePaths;
use windlass_control::{Level, RouterProgram};
use windlass_router::{RouterConfig, own_session, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = args_os().skip_while(|word| word != "--state-dir").skip(1);
    let state = PathBuf::from(words.next().ok_or("where? --state-dir DIR")?);
    let paths = StatePaths::locate(Some(&state))?;
    paths.create()?;
    own_session()?;
    run(RouterConfig {
        state: paths.state.join("router"),
        socket: paths.router_socket,
        halted: paths.halted,
        threads: NonZeroUsize::MIN,
        alone: None,
        program: RouterProgram {
            version: Some("0.0.9".to_owned()),
            level: Level::FIRST,
        },
    })?;
    Ok(())
}
