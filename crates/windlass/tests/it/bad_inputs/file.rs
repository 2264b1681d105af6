//! Files that say what cannot be.

use super::judge::judge;
use super::row::{Given::File, Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "an empty file",
        File(""),
        65,
        &["windlass.yaml", "the file is empty", "WL0107"],
    ),
    row(
        "a tab that indents",
        File("app: shop\n\tservices: {}\n"),
        65,
        &[
            "windlass.yaml",
            ":1:6",
            "a tab can't indent",
            "indent with spaces",
        ],
    ),
    row(
        "no app",
        File("services: { web: { run: ./web } }\n"),
        65,
        &["windlass.yaml", "needs `app`", "add `app:`"],
    ),
    row(
        "no services",
        File("app: shop\n"),
        65,
        &["windlass.yaml", "needs `services`"],
    ),
    row(
        "a misspelt key",
        File("app: shop\nservices: { web: { run: ./web, lisen: 127.0.0.1:1 } }\n"),
        65,
        &["windlass.yaml", "no key `lisen`", "did you mean `listen`?"],
    ),
    row(
        "a duration without a unit",
        File("app: shop\nservices: { web: { run: ./web, bake: 10 } }\n"),
        65,
        &["windlass.yaml", "`10` is not a duration", "write 10s"],
    ),
    row(
        "an address without a port",
        File("app: shop\nservices: { web: { run: ./web, listen: nowhere } }\n"),
        65,
        &[
            "windlass.yaml",
            "not an address to listen on",
            "127.0.0.1:8080",
        ],
    ),
    row(
        "a name with capitals",
        File("app: Shop!\nservices: { web: { run: ./web } }\n"),
        65,
        &["windlass.yaml", "`Shop!` is not a name", "`shop`"],
    ),
    row(
        "needs in a circle",
        File(
            "app: shop\nservices: { a: { run: ./web, needs: [b] }, b: { run: ./web, needs: [a] } }\n",
        ),
        65,
        &["windlass.yaml", "in a circle: a -> b -> a", "remove one"],
    ),
    row(
        "a need that is nobody",
        File("app: shop\nservices: { web: { run: ./web, needs: [db] } }\n"),
        65,
        &["windlass.yaml", "no service `db`"],
    ),
    row(
        "a key given twice",
        File("app: shop\napp: shop\nservices: { web: { run: ./web } }\n"),
        65,
        &[
            "windlass.yaml",
            "given twice; the first is at 1:1",
            "keep one",
        ],
    ),
    row(
        "no instances at all",
        File("app: shop\nservices: { web: { run: ./web, instances: 0 } }\n"),
        65,
        &["windlass.yaml", "from 1 to 100, found `0`"],
    ),
    row(
        "a list in the place of a map",
        File("[1, 2]\n"),
        65,
        &["windlass.yaml", "expected a map", "found a list"],
    ),
    row(
        "forty lists in each other",
        File("a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n"),
        65,
        &["windlass.yaml", "more than 32 deep"],
    ),
    row(
        "aliases that write out to gigabytes",
        File(
            "x-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\nx-b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nx-c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nx-d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\nx-e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nx-f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n",
        ),
        65,
        &["windlass.yaml", "WL0104"],
    ),
    row(
        "one address for two",
        File(
            "app: shop\nservices: { web: { run: ./web, listen: 127.0.0.1:1 }, api: { run: ./web, listen: 127.0.0.1:1 } }\n",
        ),
        65,
        &[
            "windlass.yaml",
            "is taken by `web`",
            "give each service its own address",
        ],
    ),
    row(
        "nothing to run",
        File("app: shop\nservices: { web: { listen: 127.0.0.1:1 } }\n"),
        65,
        &["windlass.yaml", "needs `run`", "add `run:`"],
    ),
];

#[test]
fn no_bad_file_moves_anything() {
    judge(ROWS);
}
