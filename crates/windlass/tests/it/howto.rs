//! The how-to pages, followed literally.

use crate::lab::{HOME_STATE, Lab, repository};
use crate::page::follow;
use crate::tutorial::WRITTEN;

#[track_caller]
fn works(page: &str) {
    let lab = Lab::empty().state_in(HOME_STATE);
    follow(&lab, &repository("docs/howto").join(page), &WRITTEN);
    lab.must_be_gone();
}

#[test]
fn the_page_about_a_first_deployment_works_as_it_is_written() {
    works("first-deployment.md");
}

#[test]
fn the_page_about_canaries_works_as_it_is_written() {
    works("canary.md");
}

#[test]
fn the_page_about_controllers_elsewhere_works_as_it_is_written() {
    works("reach-a-controller.md");
}

#[test]
fn the_page_about_backups_works_as_it_is_written() {
    works("back-up.md");
}
