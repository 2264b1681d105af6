//! Telling that points are reached.

use std::cell::RefCell;
use std::rc::Rc;

use windlass_edge::CrashPoints;
use windlass_engine::deployment::{Action, Deployment, Event, Stepped};
use windlass_model::{InstanceId, ServiceName};

use super::name;
use crate::border::Border;

/// The points of one deployment.
#[derive(Clone)]
pub(crate) struct Points {
    told: Rc<dyn CrashPoints>,
    /// The deployment as last committed.
    now: Rc<RefCell<Deployment>>,
}

impl Points {
    pub(crate) fn new(border: &Border, now: &Rc<RefCell<Deployment>>) -> Self {
        Self {
            told: Rc::clone(&border.points),
            now: Rc::clone(now),
        }
    }

    /// The row of this step is about to be appended.
    pub(crate) fn before_intent(&self, stepped: &Stepped) {
        for action in &stepped.actions {
            let name = name::of_action(&stepped.deployment, action);
            self.reach(&name, "before_intent");
        }
    }

    /// The row that asks for this action is durable.
    pub(crate) fn after_intent(&self, action: &Action) {
        let name = name::of_action(&self.now.borrow(), action);
        self.reach(&name, "after_intent");
    }

    /// Something that may be an outcome is about to be told.
    pub(crate) fn after_effect(&self, event: &Event) {
        let name = name::of_outcome(&self.now.borrow(), event);
        if let Some(name) = name {
            self.reach(&name, "after_effect");
        }
    }

    /// An instance was told that it is to be kept.
    pub(crate) fn after_keep(&self, service: &ServiceName, instance: &InstanceId) {
        let name = name::keep(&self.now.borrow(), service, instance);
        self.reach(&name, "after_effect");
    }

    /// This row, an event as JSON, is durable.
    pub(crate) fn after_outcome(&self, row: &str) {
        let event: Option<Event> = serde_json::from_str(row).ok();
        let name = event.and_then(|event| name::of_outcome(&self.now.borrow(), &event));
        if let Some(name) = name {
            self.reach(&name, "after_outcome");
        }
    }

    fn reach(&self, name: &str, place: &str) {
        self.told.reach(&format!("{name}/{place}"));
    }
}
