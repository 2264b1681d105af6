//! Dropping what nobody needs.

use std::fs;

use futures_util::StreamExt;
use windlass_edge::{ErrorKind, InstanceState, LogRequest, Target};
use windlass_model::Release;

use super::bench::{Bench, run, service};

#[test]
fn only_what_is_needed_stays() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let spec = service(&["./service"]);
        let request = bench.start(spec.clone()).await;
        let red = service(&["./service", "red"]);
        let red = bench.try_keep(red).await.expect("kept").release;
        assert_eq!(red.artefact, request.release.artefact);
        bench.script("service", "exec sleep 301");
        let other = bench.keep(&["./service"]).await.release;
        fs::create_dir_all(bench.releases().join(".incoming-1/files/x")).expect("leftovers");
        let record = |release: &Release| {
            let folder = bench.releases().join(release.artefact.as_str());
            folder.join(format!("identities/{}.json", release.identity))
        };

        let needed = [request.release.clone()];
        let instances = [request.instance.id.clone()];
        let dropped = bench.target.forget_all_but(&needed, &instances).await;
        dropped.expect("dropped");
        assert!(!bench.releases().join(other.artefact.as_str()).exists());
        assert!(!bench.releases().join(".incoming-1").exists());
        assert!(record(&request.release).exists());
        assert!(!record(&red).exists(), "values go with their release");
        let gone = bench.target.verify(&other).await.expect_err("gone");
        assert_eq!(gone.kind, ErrorKind::Rejected);

        let mut again = bench.starting(other, spec);
        again.instance = bench.instance("2");
        let gone = bench.target.start(&again).await.expect_err("gone");
        assert_eq!(gone.kind, ErrorKind::Rejected);
    });
}

#[test]
fn a_living_instance_is_not_forgotten_and_keeps_its_release() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let mut states = bench.target.watch(&request.instance);
        states.next().await.expect("a state");
        bench
            .target
            .forget_all_but(&[], &[])
            .await
            .expect("nothing");
        assert!(bench.files(&request.release).exists());
        assert!(bench.trace(&request.instance).exists());

        bench
            .target
            .stop(&request.instance.id)
            .await
            .expect("a stop");
        bench
            .target
            .forget_all_but(&[], &[])
            .await
            .expect("dropped");
        assert!(!bench.trace(&request.instance).exists());
        assert_eq!(fs::read_dir(bench.releases()).expect("a folder").count(), 0);
        assert!(bench.target.addresses_in_use().is_empty());
        assert!(matches!(states.next().await, Some(InstanceState::Ended(_))));
        assert_eq!(states.next().await, Some(InstanceState::Absent));
        assert_eq!(states.next().await, None);
        let log = LogRequest {
            instance: request.instance.id.clone(),
            stdout_from: None,
            stderr_from: None,
            tail: 1,
            masked: false,
        };
        let problem = bench.target.log(&log).await.expect_err("no trace");
        assert_eq!(problem.kind, ErrorKind::Rejected);
    });
}
