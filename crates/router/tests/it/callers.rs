//! Many who call on the control socket at once.

use rustix::process::{Signal, kill_process};
use windlass_control::{RouterReply, RouterRequest};

use crate::rig::{Control, Rig};

/// More than a router talks to at once.
const MANY: usize = 30;

#[test]
fn a_router_that_was_stopped_answers_who_came_after_many_that_have_left() {
    let rig = Rig::outside();
    rig.begin();
    kill_process(rig.pid(), Signal::STOP).expect("stopped");
    for _ in 0..MANY {
        Control::connect(&rig.socket()).ask(&RouterRequest::Observe);
    }
    let last = Control::connect(&rig.socket());
    last.ask(&RouterRequest::Observe);
    kill_process(rig.pid(), Signal::CONT).expect("goes on");
    let (reply, _) = last.receive().expect("an answer");
    assert!(matches!(reply, RouterReply::Observed(_)), "{reply:?}");
}
