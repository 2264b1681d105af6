//! Choices among objects, as the document has them.

use utoipa::openapi::schema::{AdditionalProperties, Object};
use utoipa::openapi::{RefOr, Schema};

/// An enum of ours is an object with the variant as its only key. A derived schema does not say
/// *only*, and a second key is refused: so this says it. The fields of a variant that is asked with are all that it
/// may have too, which a derived schema says of structs only.
pub(crate) fn closed(schema: RefOr<Schema>, is_asked: bool) -> RefOr<Schema> {
    let RefOr::T(Schema::OneOf(mut choice)) = schema else {
        return schema;
    };
    for variant in &mut choice.items {
        if let RefOr::T(Schema::Object(object)) = variant
            && is_keyed(object)
        {
            let only = || Some(Box::new(AdditionalProperties::FreeForm(false)));
            object.additional_properties = only();
            for inner in object.properties.values_mut().filter(|_| is_asked) {
                if let RefOr::T(Schema::Object(inner)) = inner
                    && !inner.properties.is_empty()
                {
                    inner.additional_properties = only();
                }
            }
        }
    }
    RefOr::T(Schema::OneOf(choice))
}

/// Whether the variant is the key. Where it is the value of a tag, the tag may be all that it has.
fn is_keyed(variant: &Object) -> bool {
    let mut properties = variant.properties.values();
    let (Some(property), None) = (properties.next(), properties.next()) else {
        return false;
    };
    let is_tag = matches!(property, RefOr::T(Schema::Object(o)) if o.enum_values.is_some());
    variant.required.len() == 1 && !is_tag
}
