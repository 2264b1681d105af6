//! A deployment is planned, and what is only told of it is looked at, before others are kept from changing
//! anything: reading and copying take their time on a slow disk.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::PlanView;
use windlass_model::{Environment, OtherProgram, ServiceName};

use crate::controller::Shared;
use crate::deploying::{Ask, begun_before, planned};
use crate::{planning, programs};

/// What is to be noted of programs outside of the folder, where somebody could look.
type Programs = Option<BTreeMap<ServiceName, OtherProgram>>;

/// What was found out before the turn to change anything came.
pub(crate) struct Ahead {
    planned: PlanView,
    programs: Programs,
    /// What it was planned for.
    before: Environment,
}

impl Ahead {
    /// Plans. None where that can't be: why, is said by whoever plans when nothing changes meanwhile.
    pub(crate) async fn look(shared: &Rc<Shared>, ask: &Ask) -> Option<Self> {
        shared.refuse_changes().ok()?;
        if begun_before(shared, &ask.terms).await.ok()?.is_some() {
            return None;
        }
        let (app, name) = planning::place(shared, &ask.from).await.ok()?;
        let free = planning::refuse_locked(shared, &app, &name).await;
        free.ok()?;
        let before = shared.environment(&app, &name);
        let planned = planned(shared, &ask.from, ask.terms.may_move).await.ok()?;
        let programs = programs::to_note(shared, &planned.plan).await;
        Some(Self {
            planned,
            programs,
            before,
        })
    }

    /// The same, if it is what would be planned now.
    pub(crate) async fn still(self, shared: &Rc<Shared>) -> Option<(PlanView, Programs)> {
        let now = shared.environment(&self.before.app, &self.before.environment);
        if now != self.before {
            return None;
        }
        let planned = planning::fresh(shared, self.planned.plan).await.ok()?;
        Some((planned, self.programs))
    }
}
