//! What the API's document says of one route.

use utoipa::openapi::path::{
    Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{
    Content, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder, SecurityRequirement,
};
use utoipa::{IntoParams, ToSchema};
use windlass_api::{KEY_HEADER, Problem};

use crate::access::{Access, typed};
use crate::refusals::{ANY, ASKS, BODY, CONDITIONAL, GUARDED, KEYED, rows};

/// A schema and its name.
type NamedSchema = (String, RefOr<Schema>);

/// One operation of the document while it is put together, and the types that it speaks of.
pub(crate) struct Says {
    /// Its name in the document.
    pub(crate) id: String,
    /// What its query may have.
    pub(crate) query: Vec<String>,
    operation: OperationBuilder,
    codes: Vec<&'static str>,
    schemas: Vec<NamedSchema>,
    /// The names of the types that its body consists of.
    pub(crate) asked: Vec<String>,
    answers: Vec<(&'static str, Response)>,
    tagged: bool,
}

/// What an `Idempotency-Key` looks like.
const KEY_FORM: &str = "^[!-~]{1,128}$";

/// What `If-Match` looks like: a star, or tags with commas between them.
const TAGS_FORM: &str = r#"^(\*|(W/)?"[!#-+\--~]*"( *, *(W/)?"[!#-+\--~]*")*)$"#;

fn reference<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

/// Adds a type and all that it needs.
pub(crate) fn collect<T: ToSchema>(schemas: &mut Vec<NamedSchema>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

impl Says {
    /// An operation by its id and what it does, in one line.
    pub(crate) fn new(id: &str, summary: &str) -> Self {
        Self {
            id: id.to_owned(),
            query: Vec::new(),
            operation: OperationBuilder::new()
                .operation_id(Some(id))
                .summary(Some(summary)),
            codes: ANY.to_vec(),
            schemas: Vec::new(),
            asked: Vec::new(),
            answers: Vec::new(),
            tagged: false,
        }
    }

    /// It asks the controller, and these are the refusals of its own.
    pub(crate) fn refuses(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(ASKS);
        self.codes.extend(codes);
        self
    }

    /// It has a place for this in its path.
    pub(crate) fn within(mut self, name: &str, pattern: Option<&str>) -> Self {
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .pattern(pattern);
        self.operation = self.operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(text)),
        );
        self
    }

    /// It takes this query.
    pub(crate) fn asks<T: IntoParams>(mut self) -> Self {
        let parameters: Vec<Parameter> = T::into_params(|| Some(ParameterIn::Query));
        for parameter in parameters {
            self.query.push(parameter.name.clone());
            self.operation = self.operation.parameter(parameter);
        }
        self
    }

    /// It takes this body.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        let mut types = Vec::new();
        collect::<T>(&mut types);
        self.asked
            .extend(types.iter().map(|(name, _)| name.clone()));
        self.schemas.extend(types);
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/json", Content::new(Some(reference::<T>())));
        self.operation = self.operation.request_body(Some(body.build()));
        self.codes.extend(BODY);
        self
    }

    /// It answers with this as JSON.
    pub(crate) fn answers<T: ToSchema>(mut self) -> Self {
        collect::<T>(&mut self.schemas);
        let content = Content::new(Some(reference::<T>()));
        self.answers
            .push(("200", answer("application/json", content)));
        self
    }

    /// It answers with any number of these as JSON.
    pub(crate) fn lists<T: ToSchema>(mut self) -> Self {
        collect::<T>(&mut self.schemas);
        let list = ArrayBuilder::new().items(reference::<T>());
        let content = Content::new(Some(Schema::Array(list.build())));
        self.answers
            .push(("200", answer("application/json", content)));
        self
    }

    /// It answers with a JSON object that this document does not describe further.
    pub(crate) fn answers_something(mut self) -> Self {
        let any = ObjectBuilder::new().schema_type(SchemaType::new(Type::Object));
        let content = Content::new(Some(Schema::Object(any.build())));
        self.answers
            .push(("200", answer("application/json", content)));
        self
    }

    /// It answers with a stream of this kind.
    pub(crate) fn streams(mut self, media: &'static str, what: &str) -> Self {
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some(what));
        let content = Content::new(Some(Schema::Object(text.build())));
        self.answers.push(("200", answer(media, content)));
        self
    }

    /// It may switch to a WebSocket.
    pub(crate) fn switches(mut self) -> Self {
        let switched = Response::new("A WebSocket: one text message per event");
        self.answers.push(("101", switched));
        self
    }

    /// It takes the header `name`, a text of this form, unless it is left out.
    fn header(mut self, name: &str, form: &str, what: &str) -> Self {
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .pattern(Some(form));
        self.operation = self.operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .description(Some(what))
                .required(Required::False)
                .schema(Some(text)),
        );
        self
    }

    /// Its answer has a tag.
    pub(crate) fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// It may be told what was seen.
    pub(crate) fn conditional(mut self) -> Self {
        self.codes.extend(CONDITIONAL);
        self.header(
            "If-Match",
            TAGS_FORM,
            "The ETag that was seen: refused when it has changed since",
        )
    }

    /// The whole, with what goes for every route of this kind.
    pub(crate) fn finish(self, access: Access, begins: bool) -> (Operation, Vec<NamedSchema>) {
        let mut says = self;
        if begins {
            says.codes.extend(KEYED);
            says.codes.extend(BODY);
            says = says.header(
                KEY_HEADER,
                KEY_FORM,
                "The same key with the same body begins nothing twice",
            );
        }
        match access {
            Access::Open => {}
            Access::From(scope) => {
                says.codes.extend(GUARDED);
                let needs = SecurityRequirement::new("token", [typed(scope)]);
                says.operation = says.operation.security(needs);
            }
            Access::Run => {
                says.codes.extend(GUARDED);
                let what = "For the run of the service's command, with WINDLASS_TOKEN: no other token allows it.";
                says.operation = says.operation.description(Some(what));
            }
            Access::Owner => {
                says.codes.extend(GUARDED);
                let what = "On the private socket only: no token allows it.";
                says.operation = says.operation.description(Some(what));
            }
        }
        let mut operation = says.operation;
        for (status, mut answer) in says.answers {
            if says.tagged {
                let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
                answer.headers.insert(
                    "ETag".to_owned(),
                    RefOr::T(HeaderBuilder::new().schema(Some(text)).build()),
                );
            }
            operation = operation.response(status, answer);
        }
        for (status, what) in by_status(&says.codes) {
            let content = Content::new(Some(reference::<Problem>()));
            let refusal = ResponseBuilder::new()
                .description(what)
                .content("application/problem+json", content);
            operation = operation.response(status.to_string(), refusal.build());
        }
        (operation.build(), says.schemas)
    }
}

fn answer(media: &str, content: Content) -> Response {
    ResponseBuilder::new()
        .description("Done")
        .content(media, content)
        .build()
}

/// The refusals of each status, a line each.
fn by_status(codes: &[&str]) -> Vec<(u16, String)> {
    let mut all: Vec<_> = rows(codes).collect();
    all.sort_by_key(|(_, status, _)| *status);
    let mut grouped: Vec<(u16, String)> = Vec::new();
    for (code, status, what) in all {
        let line = format!("{code}: {what}");
        match grouped.last_mut() {
            Some((last, lines)) if *last == status => {
                lines.push('\n');
                lines.push_str(&line);
            }
            Some(_) | None => grouped.push((status, line)),
        }
    }
    grouped
}
