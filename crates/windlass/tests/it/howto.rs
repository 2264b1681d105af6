//! The how-to pages and those of the reference that have commands, followed literally.

use crate::lab::{HOME_STATE, Lab, repository};
use crate::page::follow;
use crate::tutorial::WRITTEN;

#[track_caller]
fn works(page: &str) {
    let lab = Lab::empty().state_in(HOME_STATE);
    follow(&lab, &repository("docs").join(page), &WRITTEN);
    lab.must_be_gone();
}

#[test]
fn the_page_about_a_first_deployment_works_as_it_is_written() {
    works("howto/first-deployment.md");
}

#[test]
fn the_page_about_what_was_built_elsewhere_works_as_it_is_written() {
    works("howto/built-elsewhere.md");
}

#[test]
fn the_page_about_canaries_works_as_it_is_written() {
    works("howto/canary.md");
}

#[test]
fn the_page_about_environments_works_as_it_is_written() {
    works("howto/environments.md");
}

#[test]
fn the_page_about_pipelines_works_as_it_is_written() {
    works("howto/ci.md");
}

#[test]
fn the_page_about_controllers_elsewhere_works_as_it_is_written() {
    works("howto/reach-a-controller.md");
}

#[test]
fn the_page_about_the_router_alone_works_as_it_is_written() {
    works("howto/route-alone.md");
}

#[test]
fn the_page_about_the_routers_metrics_works_as_it_is_written() {
    works("howto/scrape-the-router.md");
}

#[test]
fn the_page_about_backups_works_as_it_is_written() {
    works("howto/back-up.md");
}

#[test]
fn the_page_about_the_score_works_as_it_is_written() {
    works("howto/score.md");
}

#[test]
fn the_page_about_replays_works_as_it_is_written() {
    works("howto/replay.md");
}

#[test]
fn the_page_about_the_api_works_as_it_is_written() {
    works("reference/api.md");
}
