//! What goes on without its controller, and a controller that goes on without its binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use windlass_adapters::ProcessTarget;
use windlass_control::{Restart, ShimState};
use windlass_edge::{InstanceState, InstanceTrace, StartInstance, Target};

use super::adopting::leader;
use super::bench::{Bench, config, kill, run, service, started, until};

/// Not a test of its own: a controller that starts one instance, and another one when it is told.
#[test]
fn be_a_controller() {
    let Some(root) = std::env::var_os("CONTROL").map(PathBuf::from) else {
        return;
    };
    run(async {
        let bench = Bench::new("exec sleep 300");
        let mut config = config(&root, 6);
        // As in the product: whatever lies at this program's path by now.
        config.shim[0] = "/proc/self/exe".to_owned();
        let target = ProcessTarget::new(config).expect("a target");
        let spec = service(&["./service"]);
        let request = bench.request(spec.clone());
        let kept = target.keep(&request).await.expect("kept");
        for (tail, told) in [("1", None), ("2", Some("go"))] {
            let told = told.map(|name| root.join(name));
            until("a word", async || {
                told.as_ref().is_none_or(|file| file.exists()).then_some(())
            })
            .await;
            let request = StartInstance {
                instance: bench.instance(tail),
                restart: Restart::BackOff,
                ..bench.starting(kept.release.clone(), spec.clone())
            };
            target.start(&request).await.expect("a start");
        }
        std::future::pending::<()>().await;
    });
}

/// A controller process of its own, from its own copy of this binary.
struct Controller {
    program: PathBuf,
    child: Child,
}

impl Controller {
    fn start(root: &Path) -> Self {
        let program = root.join("controller");
        let own = std::env::current_exe().expect("this binary");
        fs::copy(own, &program).expect("a copy");
        let child = Command::new(&program)
            .args(["--exact", "process::controllers::be_a_controller"])
            .env("CONTROL", root)
            // What it leaves there goes with the rest.
            .env("TMPDIR", root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a controller");
        Self { program, child }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }
}

/// Waits until so many instances run, as somebody sees it who only looks.
async fn running(bench: &Bench, count: usize) -> Vec<InstanceTrace> {
    until("they run", async || {
        let traces = bench.target.traces().await.expect("traces");
        let all = traces.len() == count && traces.iter().all(|trace| trace.runs);
        all.then_some(traces)
    })
    .await
}

#[test]
fn a_crashed_instance_comes_back_while_no_controller_lives() {
    run(async {
        let bench = Bench::new("");
        let controller = Controller::start(bench.root.path());
        let traces = running(&bench, 1).await;
        let instance = &traces[0].instance;
        drop(controller);
        let mut restarts = 0;
        while restarts < 2 {
            let crashed = leader(&bench.status(instance));
            kill(crashed);
            restarts += 1;
            until("it runs again", async || {
                let status = bench.status(instance);
                let runs = matches!(status.state, ShimState::Running { .. });
                (runs && status.restarts == restarts).then_some(())
            })
            .await;
            assert_ne!(leader(&bench.status(instance)), crashed);
        }
        let next = bench.target_of_epoch(9);
        let state = next.observe(instance).await.expect("a state");
        let expected = InstanceState::Running {
            listening: true,
            restarts: 2,
        };
        assert_eq!(state, expected, "and the next controller finds it");
    });
}

#[test]
fn a_controller_whose_binary_was_replaced_starts_instances_all_the_same() {
    run(async {
        let bench = Bench::new("");
        let controller = Controller::start(bench.root.path());
        running(&bench, 1).await;
        fs::remove_file(&controller.program).expect("deleted");
        fs::write(&controller.program, "no program").expect("replaced");
        fs::write(bench.root.path().join("go"), "").expect("told");
        let traces = running(&bench, 2).await;
        for trace in &traces {
            let status = bench.status(&trace.instance);
            assert!(started(leader(&status)).is_some());
        }
    });
}
