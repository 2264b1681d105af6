//! What a target promises.

use futures_util::StreamExt as _;
use windlass_control::Restart;
use windlass_edge::{ErrorKind, InstanceState, KeepRelease, LogRequest, StartInstance, Target};
use windlass_model::{Instance, InstanceId, Release};

use super::patience::until;

/// What the suite needs: releases that can be kept, and where to run them.
pub struct TargetCase<'c> {
    /// The target.
    pub target: &'c dyn Target,
    /// A program that listens on its PORT and ends soon after TERM.
    pub good: KeepRelease,
    /// One whose program is missing.
    pub missing: KeepRelease,
    /// A new instance at an address that is free.
    pub instance: &'c dyn Fn() -> Instance,
}

impl TargetCase<'_> {
    fn start(&self, release: &Release, instance: &Instance) -> StartInstance {
        StartInstance {
            slot: windlass_model::SlotId::default(),
            again: false,
            command: None,
            service: self.good.service.clone(),
            instance: instance.clone(),
            release: release.clone(),
            spec: self.good.spec.clone(),
            ordinal: 0,
            restart: Restart::Never,
        }
    }

    async fn state(&self, instance: &Instance) -> InstanceState {
        let seen = self.target.observe(instance).await;
        seen.expect("the target can be asked")
    }
}

fn log(instance: &InstanceId) -> LogRequest {
    LogRequest {
        instance: instance.clone(),
        stdout_from: None,
        stderr_from: None,
        tail: 1_000,
        masked: false,
    }
}

/// Every promise of [`Target`].
pub async fn target(case: &TargetCase<'_>) {
    let release = keeps_the_same_under_the_same_name(case).await;
    what_was_never_started_is_absent(case).await;
    let first = starts_once(case, &release).await;
    refuses_a_taken_address(case, &release, &first).await;
    stops_whatever_the_policy(case, &first).await;
    forgets_only_what_is_not_needed(case, &release, &first).await;
}

async fn keeps_the_same_under_the_same_name(case: &TargetCase<'_>) -> Release {
    let first = case.target.keep(&case.good).await.expect("it can be kept");
    let again = case.target.keep(&case.good).await.expect("it can be kept");
    assert_eq!(
        first.release, again.release,
        "the same input gives the same release"
    );
    assert_eq!(again.copied, 0, "a second call copies nothing");
    let found = case
        .target
        .verify(&first.release)
        .await
        .expect("it is there");
    assert_eq!(found, first.release.artefact);
    let missing = case
        .target
        .keep(&case.missing)
        .await
        .expect_err("there is no program");
    assert_eq!(missing.kind, ErrorKind::Rejected, "{missing}");
    first.release
}

async fn what_was_never_started_is_absent(case: &TargetCase<'_>) {
    let nobody = (case.instance)();
    assert_eq!(case.state(&nobody).await, InstanceState::Absent);
    case.target
        .stop(&nobody.id)
        .await
        .expect("an absent instance is done");
    assert_eq!(case.state(&nobody).await, InstanceState::Absent);
    let unread = case
        .target
        .log(&log(&nobody.id))
        .await
        .expect_err("it has no trace");
    assert_eq!(unread.kind, ErrorKind::Rejected, "{unread}");
}

async fn starts_once(case: &TargetCase<'_>, release: &Release) -> Instance {
    let instance = (case.instance)();
    let request = case.start(release, &instance);
    case.target.start(&request).await.expect("it starts");
    let mut watch = case.target.watch(&instance);
    let listening = async {
        while let Some(state) = watch.next().await {
            if matches!(
                state,
                InstanceState::Running {
                    listening: true,
                    ..
                }
            ) {
                return true;
            }
        }
        false
    };
    assert!(listening.await, "its watch tells when it listens");
    case.target
        .start(&request)
        .await
        .expect("it is started already");
    let again = case.state(&instance).await;
    assert_eq!(
        again,
        InstanceState::Running {
            listening: true,
            restarts: 0
        }
    );
    assert!(case.target.addresses_in_use().contains(&instance.address));
    instance
}

async fn refuses_a_taken_address(case: &TargetCase<'_>, release: &Release, first: &Instance) {
    let second = Instance {
        address: first.address,
        ..(case.instance)()
    };
    let taken = case.target.start(&case.start(release, &second)).await;
    let taken = taken.expect_err("its address is taken");
    assert_eq!(taken.kind, ErrorKind::Conflict, "{taken}");
    assert_eq!(
        case.state(&second).await,
        InstanceState::Absent,
        "certainly not started"
    );
}

async fn stops_whatever_the_policy(case: &TargetCase<'_>, first: &Instance) {
    let kept = case.target.set_restart(&first.id, Restart::BackOff).await;
    kept.expect("it can be told");
    case.target.stop(&first.id).await.expect("it ends");
    assert!(
        matches!(case.state(first).await, InstanceState::Ended(_)),
        "and stays so"
    );
    case.target
        .stop(&first.id)
        .await
        .expect("it has ended already");
    case.target
        .log(&log(&first.id))
        .await
        .expect("its log stays readable");
    let mut watch = case.target.watch(first);
    let now = watch.next().await;
    assert!(
        matches!(now, Some(InstanceState::Ended(_))),
        "the present state comes first"
    );
}

async fn forgets_only_what_is_not_needed(
    case: &TargetCase<'_>,
    release: &Release,
    first: &Instance,
) {
    let needed = std::slice::from_ref(release);
    let ids = [first.id.clone()];
    case.target
        .forget_all_but(needed, &ids)
        .await
        .expect("nothing is dropped");
    assert!(case.target.verify(release).await.is_ok());
    assert!(case.target.can_start(release).await.is_ok());
    assert!(matches!(case.state(first).await, InstanceState::Ended(_)));
    until("everything is dropped", || async {
        case.target.forget_all_but(&[], &[]).await.ok()
    })
    .await;
    assert_eq!(case.state(first).await, InstanceState::Absent);
    assert!(case.target.verify(release).await.is_err());
    assert!(case.target.can_start(release).await.is_err());
}
