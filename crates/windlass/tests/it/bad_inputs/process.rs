//! Programs that run and do no good.

use super::judge::judge;
use super::row::{
    Given::{Program, Shell},
    Row, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "it exits at once",
        Program("#!/bin/sh\nexit 7\n"),
        3,
        &[
            "exited with status 7",
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it ends well at once",
        Program("#!/bin/sh\nexit 0\n"),
        3,
        &[
            "exited with status 0",
            "expected: that it goes on running",
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it is never ready",
        Program("#!/bin/sh\nexec sleep 600\n"),
        3,
        &[
            "was not ready in time; last answer:",
            "expected: 2xx or 3xx from GET /",
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it always answers badly",
        Program(
            "#!/bin/sh\nexec WINDLASS demo-service --name web --version 2 --port $PORT --fault errors\n",
        ),
        3,
        &[
            "last answer: HTTP 500",
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it kills itself",
        Program("#!/bin/sh\nkill -9 $$\n"),
        3,
        &[
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it ignores TERM",
        Program("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n"),
        3,
        &[
            "was not ready in time",
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it is ready, then dead",
        // It waits until its readiness is journalled, so that it dies while it is watched.
        Shell(
            "sed -i 's/within: 1s/within: 1m/; s/bake: 400ms/bake: 1m/' windlass.yaml\n\
             cat > web <<END\n#!/bin/sh\n\
             $0 demo-service --name web --version 2 --port \\$PORT &\n\
             until $0 events --state-dir $WINDLASS_STATE_DIR | grep ready=1/1; do :; done\n\
             kill \\$!; exit 4\nEND\n\
             \"$0\" deploy",
        ),
        3,
        &[
            "web ready=1/1",
            "exited with status 4",
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it forks and leaves",
        Program("#!/bin/sh\nsleep 600 &\nexit 0\n"),
        3,
        &[
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
    row(
        "it prints much in one line",
        Program("#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' x\nexit 6\n"),
        3,
        &[
            "WL0402",
            "traffic now: web 100 %",
            "still running: web",
            "windlass logs web",
        ],
    ),
];

#[test]
fn no_bad_process_moves_anything() {
    judge(ROWS);
}
