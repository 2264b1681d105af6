//! The router, made from the table.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::any;
use axum::{Extension, Router};

use super::table::{Row, rows};
use crate::Controller;
use crate::access::{Access, Guard, admit};
use crate::answer::{not_found, wrong_method};
use crate::app::App;
use crate::body::Longest;
use crate::greeting::greet;
use crate::keys::once;
use crate::operation::{Methods, Operation, known_query, name_methods, point};

/// Every path of the API. A request is greeted, admitted, met by its key, then carried out.
pub(crate) fn routes<C: Controller>(app: App<C>) -> Router {
    let mut router = Router::new();
    let mut methods = Methods::new();
    for row in rows::<C>() {
        let Row {
            path,
            access,
            begins,
            short,
            mut handler,
            verb,
            says,
        } = row;
        methods.entry(path).or_default().push(verb.word());
        let operation = Arc::new(Operation {
            id: says.id,
            at: format!("{} {path}", verb.word()),
            query: says.query,
            version: app.about.version.clone(),
        });
        handler = handler.route_layer(from_fn_with_state(Arc::clone(&operation), point));
        if begins {
            handler = handler.route_layer(from_fn_with_state(app.clone(), once::<C>));
        }
        if short {
            handler = handler.layer(Extension(Longest(app.limits.report_body)));
        }
        // Whoever asks whether it is alive may add what keeps others from remembering the answer.
        if access != Access::Open {
            handler = handler.route_layer(from_fn_with_state(operation, known_query));
        }
        let guard = Arc::new(Guard {
            app: app.clone(),
            access,
        });
        handler = handler.route_layer(from_fn_with_state(guard, admit::<C>));
        router = router.route(path, handler);
    }
    // What is not served is counted too, so that it can't be asked without end.
    let open = Arc::new(Guard {
        app: app.clone(),
        access: Access::Open,
    });
    let counted = from_fn_with_state(open, admit::<C>);
    router
        .fallback(any(not_found).layer(counted.clone()))
        .method_not_allowed_fallback(any(wrong_method).layer(counted))
        .layer(from_fn_with_state(Arc::new(methods), name_methods))
        .layer(from_fn_with_state(app.clone(), greet::<C>))
        .with_state(app)
}
