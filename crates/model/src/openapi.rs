//! What the types that travel as one text or number look like in the API's document.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Ref, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::rule::Written;
use crate::{
    AccessLog, Acme, AppName, CategoryName, CheckName, Connections, DeploymentId, Digest,
    EnvironmentName, InstallationId, InstanceId, Listen, Measure, Millis, Percent, PlanId,
    PrometheusUrl, Proxies, Rule, ServiceKey, ServiceName, Template, Tls, TlsFiles,
};

macro_rules! text_types {
    ($($name:ident: $pattern:expr, $about:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .description(Some($about))
                    .pattern::<&str>($pattern);
                RefOr::T(Schema::Object(text.build()))
            }
        }

        impl ToSchema for $name {}
    )*};
}

text_types! {
    AppName: Some(NAME), "An application: lower-case letters, digits and inner hyphens";
    EnvironmentName: Some(NAME), "One environment of an application";
    ServiceName: Some(NAME), "One service of an application";
    CategoryName: Some(NAME), "One category of the health score";
    CheckName: Some(NAME), "One check of the health score";
    ServiceKey: Some("^[0-9a-z-]+/[0-9a-z-]+/[0-9a-z-]+$"), "application/environment/service";
    DeploymentId: Some("^dep_[0-9a-z]{1,60}$"), "One deployment";
    InstallationId: Some("^inst_[0-9a-z]{1,59}$"), "One installation of Windlass";
    InstanceId: Some("^ins_[0-9a-z]{1,60}$"), "One running copy of a release";
    PlanId: Some("^plan_[0-9a-z]{1,59}$"), "One plan";
    Digest: Some("^[0-9a-f]{64}$"), "A SHA-256";
    Millis: Some("^([0-9]+(d|h|ms|m|s))+$"), "A duration with its unit: 500ms, 30s, 1m30s";
    PrometheusUrl: Some("^http://[!-~]+$"), "Where a Prometheus answers, without a slash at its end";
    Template: None, "A word with places for values: ${PORT}";
}

/// What [`AppName`] and its like accept.
const NAME: &str = "^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$";

impl PartialSchema for Percent {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .description(Some("A share of a hundred"))
            .minimum(Some(0))
            .maximum(Some(100));
        RefOr::T(Schema::Object(number.build()))
    }
}

impl ToSchema for Percent {}

impl PartialSchema for Rule {
    fn schema() -> RefOr<Schema> {
        Written::schema()
    }
}

impl ToSchema for Rule {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Written::schemas(schemas);
    }
}

impl PartialSchema for Measure {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Number))
            .description(Some("Something measured; six decimals are kept"))
            .minimum(Some(-Self::LARGEST))
            .maximum(Some(Self::LARGEST));
        RefOr::T(Schema::Object(number.build()))
    }
}

impl ToSchema for Measure {}

impl PartialSchema for Listen {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        let more = ObjectBuilder::new()
            .property("address", text())
            .property("host", text())
            .property("path", text())
            .property("tls", Ref::from_schema_name(Tls::name()))
            .property("proxies", Ref::from_schema_name(Proxies::name()))
            .property("access_log", Ref::from_schema_name(AccessLog::name()))
            .property("connections", Ref::from_schema_name(Connections::name()))
            .property("metrics", text())
            .required("address");
        let either = OneOfBuilder::new()
            .item(text().description(Some("The address, where nothing else is said")))
            .item(more)
            .description(Some("Where requests for a service come in"));
        RefOr::T(Schema::OneOf(either.build()))
    }
}

impl ToSchema for Listen {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Tls::name().into_owned(), Tls::schema()));
        schemas.push((TlsFiles::name().into_owned(), TlsFiles::schema()));
        schemas.push((Acme::name().into_owned(), Acme::schema()));
        schemas.push((Proxies::name().into_owned(), Proxies::schema()));
        schemas.push((AccessLog::name().into_owned(), AccessLog::schema()));
        schemas.push((Connections::name().into_owned(), Connections::schema()));
    }
}
