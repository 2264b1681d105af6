//! The API's document: OpenAPI 3.1, made from the very rows that the router is made from.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::path::{HttpMethod, PathsBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem,
};
use windlass_api::{API_VERSION, Event, LogLine, Problem};
use windlass_runtime::Handle;

use crate::Controller;
use crate::choices::closed;
use crate::handlers::{Row, Verb, rows};
use crate::says::collect;

/// What goes for all of it.
const ABOUT: &str = "The controller's API. Windlass-Api of each answer says its version; a client that \
    sends another is refused. Bytes that are no HTTP, and heads over 64 KiB or 1,000 headers, get HTTP's \
    own 400, 414 or 431 without a body, and the connection is closed.";

/// The document of the API that this binary serves.
pub fn document() -> OpenApi {
    of(rows::<Handle>())
}

/// The document of these rows.
pub(crate) fn of<C: Controller>(rows: Vec<Row<C>>) -> OpenApi {
    let mut schemas = Vec::new();
    let mut asked = BTreeSet::new();
    collect::<Problem>(&mut schemas);
    // What the streams carry, a line or a message each.
    collect::<Event>(&mut schemas);
    collect::<LogLine>(&mut schemas);
    let mut paths = PathsBuilder::new();
    for row in rows {
        let method = match row.verb {
            Verb::Get => HttpMethod::Get,
            Verb::Post => HttpMethod::Post,
            Verb::Delete => HttpMethod::Delete,
        };
        asked.extend(row.says.asked.iter().cloned());
        let (operation, more) = row.says.finish(row.access, row.begins);
        schemas.extend(more);
        paths = paths.path(row.path, PathItem::new(method, operation));
    }
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("Over the network: windlass token create"));
    let schemas: BTreeMap<_, _> = schemas.into_iter().collect();
    let mut components =
        ComponentsBuilder::new().security_scheme("token", SecurityScheme::Http(token.build()));
    for (name, schema) in schemas {
        let schema = closed(schema, asked.contains(&name));
        components = components.schema(name, schema);
    }
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let info = InfoBuilder::new()
        .title("Windlass")
        .version(API_VERSION.to_string())
        .description(Some(ABOUT))
        .license(Some(license.build()));
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .build()
}
