//! Sample data for the tests of views.

mod happening;
mod noun;
mod plan;
mod story;
mod view;

pub(crate) use happening::happenings;
pub(crate) use noun::{STARTED_US, at, instance, service};
pub(crate) use plan::{first_plan_view, other_program, plan_view};
pub(crate) use story::{
    aborted_story, awaited, bad_answer, bad_story, good_story, held, rare_facts, told,
    tripped_story, untold,
};
pub(crate) use view::{
    deployment, ended, environment, hold, judgement, kept, lacking, let_go, lock, past,
};
