//! Surroundings in which nothing can be done.

use super::judge::judge_without_rights;
use super::row::{
    Given::{File, Shell},
    Row, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "a variable that is not set",
        File("app: shop\nservices: { web: { run: \"./web ${NOBODY_SET_THIS}\" } }\n"),
        65,
        &["`NOBODY_SET_THIS` is not set", "set NOBODY_SET_THIS"],
    ),
    row(
        "neither a state directory nor a home",
        Shell("unset WINDLASS_STATE_DIR HOME; \"$0\" status"),
        65,
        &[
            "WL0412",
            "neither --state-dir, XDG_STATE_HOME nor HOME",
            "--state-dir DIR",
        ],
    ),
    row(
        "a folder without a file",
        Shell("cd ..; \"$0\" deploy"),
        65,
        &["WL0411", "there is no windlass.yaml here", "windlass init"],
    ),
    row(
        "a file that is not text",
        Shell(
            "rm windlass.yaml; printf 'app: shop\\nx: \\303\\251\\377' > windlass.yaml; \"$0\" deploy",
        ),
        65,
        &[
            "WL0410",
            "windlass.yaml can't be read",
            "windlass.yaml:2:5",
            "byte ff",
            "save it as UTF-8",
        ],
    ),
    row(
        "a file of twenty megabytes",
        Shell(
            "rm windlass.yaml; head -c 20000000 /dev/zero | tr '\\0' '#' > windlass.yaml; \"$0\" deploy",
        ),
        65,
        &["WL0101", "more than 1048576 bytes", "name the right file"],
    ),
    row(
        "a folder in the place of the file",
        Shell("mkdir d; \"$0\" deploy -f d"),
        65,
        &["WL0410", "d is a folder", "-f FILE"],
    ),
    row(
        "a folder with the name of the file",
        Shell(
            "rm windlass.yaml; mkdir windlass.yaml; \"$0\" deploy; left=$?; rmdir windlass.yaml; exit $left",
        ),
        65,
        &["WL0410", "windlass.yaml is a folder", "another name"],
    ),
    row(
        "a first file where a folder has its name",
        Shell(
            "rm windlass.yaml; mkdir windlass.yaml; \"$0\" init; left=$?; rmdir windlass.yaml; exit $left",
        ),
        65,
        &["WL0410", "windlass.yaml is a folder", "another name"],
    ),
    row(
        "a pipe in the place of the file",
        Shell("echo 'app: x' | \"$0\" validate -f /dev/stdin"),
        65,
        &["WL0410", "/dev/stdin is a pipe", "write it into a file"],
    ),
    row(
        "a pipe that nobody writes into",
        Shell("mkfifo p; \"$0\" plan -f p"),
        65,
        &["WL0410", "p is a pipe", "write it into a file"],
    ),
    row(
        "a folder for a first file that takes none",
        Shell("mkdir shut; chmod 500 shut; \"$0\" init -f shut/windlass.yaml"),
        65,
        &["WL0440", "shut/windlass.yaml can't be written", "-f FILE"],
    ),
    row(
        "a folder for pages that takes none",
        Shell("\"$0\" man --out /proc/x"),
        65,
        &["WL0440", "/proc/x can't be written"],
    ),
    row(
        "an address that another program has",
        File(
            "app: shop\nservices: { web: { run: ./web, listen: @taken, probes: { ready: { http: / } } } }\n",
        ),
        65,
        &[
            "WL0310",
            "web: 127.",
            "is taken",
            "nothing was changed; give it another address, host or path, or free this one; then look: windlass plan",
        ],
    ),
    row(
        "a file that may not be read",
        Shell(
            "chmod a-r windlass.yaml; \"$0\" deploy; code=$?; chmod u+r windlass.yaml; exit $code",
        ),
        65,
        &[
            "WL0410",
            "windlass.yaml can't be read",
            "Permission denied",
            "a user who may read",
        ],
    ),
    row(
        "a disk without room for a journal",
        Shell("trap '' XFSZ; ulimit -f 8; \"$0\" deploy --state-dir full"),
        69,
        &[
            "the controller ended at its start",
            "WL0413",
            "disk I/O error",
            "what runs goes on",
            "windlass --state-dir full doctor",
        ],
    ),
    row(
        "a disk without room for a release",
        Shell(
            "printf 'app: job\\nservices: { job: { run: ./web, files: [./web, ./big] } }\\n' > job.yaml\n\
             head -c 9000000 /dev/zero > big; trap '' XFSZ; ulimit -f 16384\n\
             \"$0\" deploy -f job.yaml --state-dir small; code=$?\n\
             \"$0\" down -f job.yaml --state-dir small; rm big; exit $code",
        ),
        6,
        &[
            "WL0311",
            "job: ",
            "File too large",
            "nothing was changed",
            "make room",
        ],
    ),
    row(
        "a disk without room for a backup",
        Shell(
            "trap '' XFSZ; ulimit -f 8; \"$0\" backup b.tar; code=$?; [ ! -e b.tar ] && exit $code",
        ),
        6,
        &[
            "the journal can't be copied",
            "disk I/O error",
            "windlass doctor",
        ],
    ),
    row(
        "a disk without room for what is printed",
        Shell("\"$0\" status > /dev/full"),
        1,
        &["the result can't be printed", "No space left"],
    ),
    row(
        "a controller that somebody stopped",
        Shell(
            "pid=$(cat \"$WINDLASS_STATE_DIR/controller.lock\"); kill -STOP $pid\n\
             \"$0\" deploy; code=$?; kill -CONT $pid; exit $code",
        ),
        69,
        &["WL0414", "is stopped", "what runs goes on", "kill -CONT"],
    ),
    row(
        "a controller whose own file was deleted",
        Shell(
            "printf 'app: job\\nservices: { job: { run: ./job, bake: 0s } }\\n' > job.yaml\n\
             printf '#!/bin/sh\\nexec sleep 600\\n' > job; chmod +x job; cp \"$0\" w\n\
             ./w token create --scope read --state-dir gone; rm w\n\
             \"$0\" deploy -f job.yaml --state-dir gone; code=$?\n\
             \"$0\" down -f job.yaml --state-dir gone; exit $code",
        ),
        0,
        &["result=promoted"],
    ),
    row(
        "a halt by a clock that was ahead",
        Shell(
            "halted=$WINDLASS_STATE_DIR/halted\n\
             printf '{\"by\":\"jo\",\"since_us\":9000000000000000}' > \"$halted\"\n\
             \"$0\" deploy; code=$?; rm \"$halted\"; exit $code",
        ),
        5,
        &[
            "WL0408",
            "halted since 2255-",
            "by jo",
            "windlass halt --lift",
        ],
    ),
    row(
        "a program that was built by a clock that was ahead",
        Shell("touch -d 2099-01-01 web; \"$0\" deploy"),
        0,
        &["nothing to do"],
    ),
];

#[test]
fn no_bad_surroundings_move_anything() {
    judge_without_rights(ROWS);
}
