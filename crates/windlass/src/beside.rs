//! A restored state directory beside the living original: what both would serve, one of them serves.

use std::net::SocketAddr;

use windlass_adapters::{OfWindlass, windlass_at};
use windlass_api::Exit;
use windlass_client::StatePaths;
use windlass_model::{AppName, EnvironmentName, ServiceName};
use windlass_router::{OnDisk, look};

use crate::backup;
use crate::diagnostic::Diagnostic;
use crate::ui::quoted;
use crate::wire;

/// What is restored, and another installation serves it.
const SERVED: &str = "WL0497";

/// An address that a restored service would have, and who has it.
pub(crate) struct Served {
    address: SocketAddr,
    service: ServiceName,
    place: (AppName, EnvironmentName),
    by: OfWindlass,
}

/// The first of them. None: nothing was restored here, what was is in service here already, or nothing is in
/// its way. A controller that starts all the same would start what was stable beside what serves, and take
/// back what was open to nowhere.
pub(crate) async fn served_elsewhere(paths: &StatePaths) -> Option<Served> {
    backup::restored_us(&paths.state)?;
    let is_new = matches!(
        look(&wire::router_state(paths)),
        Ok(OnDisk { table: None, .. })
    );
    if !is_new {
        return None;
    }
    let journal = paths.state.join(wire::JOURNAL);
    // What is wrong with the journal is told by whoever opens it.
    let all = windlass_store::environments(&journal).await.ok()??;
    let own = paths.state.as_path();
    all.into_iter().find_map(|environment| {
        let place = (environment.app, environment.environment);
        environment.services.iter().find_map(|(service, state)| {
            let listen = state.stable.as_ref()?.spec.listen.as_ref()?;
            let by = windlass_at(listen.address)?;
            let is_another = by.state.as_deref() != Some(own);
            is_another.then(|| Served {
                address: listen.address,
                service: service.clone(),
                place: place.clone(),
                by,
            })
        })
    })
}

impl Served {
    /// What is served, and by whom.
    pub(crate) fn saw(&self) -> String {
        let (app, environment) = &self.place;
        format!(
            "{} of {} of {app} in {environment} is served by {}",
            self.address, self.service, self.by
        )
    }

    /// What frees it.
    pub(crate) fn first(&self) -> String {
        match &self.by.state {
            Some(state) => format!(
                "windlass --state-dir {} down",
                quoted(&state.to_string_lossy())
            ),
            None => format!("end process {}", self.by.pid),
        }
    }

    /// Why no controller starts here.
    pub(crate) fn refuses(&self) -> Diagnostic {
        let what = "what was restored here is served from another state directory";
        Diagnostic::new(Exit::Refused, what)
            .code(SERVED)
            .detail(format!(
                "{}\nnothing was started or changed here, and what serves goes on",
                self.saw()
            ))
            .hint(format!(
                "end what serves first: {}; then: windlass status",
                self.first()
            ))
    }
}
