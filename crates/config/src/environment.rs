//! The services of each environment: defaults, then the service, then the environment's override.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_model::{EnvironmentName, ServiceName};

use crate::decode::{FileDraft, MergedService, ServiceDraft, better_name};
use crate::field::Shape;
use crate::overlay::{defaults_for, long_form, over};
use crate::problem::NOT_A_SERVICE;
use crate::reader::Reader;
use crate::tree::{Entry, Node};

/// One environment with its services.
pub(crate) struct View {
    pub(crate) name: EnvironmentName,
    pub(crate) services: BTreeMap<ServiceName, Rc<ServiceDraft>>,
}

/// Every environment of the file; the one called default if it names none.
///
/// What is wrong with a single value was reported when the file was read as written. What only
/// appears when parts come together is reported here.
pub(crate) fn views(root: &Node, file: &FileDraft, reader: &mut Reader<'_>) -> Vec<View> {
    let fine_as_written = reader.problems.is_empty();
    let mut unheard = Reader::new(reader.text, reader.format);
    let base = Base {
        defaults: root.at("defaults").map(long_form),
        services: root.at("services").map(named_services).unwrap_or_default(),
    };
    let plain: BTreeMap<ServiceName, Rc<ServiceDraft>> = base
        .services
        .iter()
        .map(|(name, entry)| {
            (
                name.clone(),
                Rc::new(base.merged(entry, None, &mut unheard)),
            )
        })
        .collect();
    let mut views = Vec::new();
    if file.environments.is_absent() {
        let name = EnvironmentName::default_environment();
        views.push(View {
            name,
            services: plain.clone(),
        });
    }
    for entry in root
        .at("environments")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let Ok(name) = EnvironmentName::new(&entry.key) else {
            continue;
        };
        let mut services = plain.clone();
        let overrides = entry
            .value
            .at("services")
            .map(named_services)
            .unwrap_or_default();
        for (service, over) in overrides {
            match base.services.get(&service) {
                Some(entry) => {
                    let merged = base.merged(entry, Some(&over.value), &mut unheard);
                    services.insert(service, Rc::new(merged));
                }
                // One whose name is none was told so.
                None if over.key != service.as_str() => {}
                None => base.refuse(&service, over, reader),
            }
        }
        views.push(View { name, services });
    }
    if fine_as_written {
        reader.problems.append(&mut unheard.problems);
    }
    views
}

/// Services by their names. One whose name is none goes by what is proposed instead, so that its mistake
/// hides no other: it was reported with that proposal, and the file is refused.
fn named_services(node: &Node) -> BTreeMap<ServiceName, &Entry> {
    let entries = node.entries();
    let named = |entry: &'_ Entry| ServiceName::new(&entry.key).ok();
    let mut services: BTreeMap<ServiceName, &Entry> = entries
        .iter()
        .filter_map(|entry| Some((named(entry)?, entry)))
        .collect();
    for entry in entries.iter().filter(|entry| named(entry).is_none()) {
        if let Ok(name) = ServiceName::new(&better_name(&entry.key)) {
            services.entry(name).or_insert(entry);
        }
    }
    services
}

/// What every environment starts from.
struct Base<'n> {
    defaults: Option<Node>,
    services: BTreeMap<ServiceName, &'n Entry>,
}

impl Base<'_> {
    fn merged(&self, entry: &Entry, top: Option<&Node>, reader: &mut Reader<'_>) -> ServiceDraft {
        let mut service = long_form(&entry.value);
        if let Some(top) = top {
            service = over(&service, &long_form(top));
        }
        if let Some(defaults) = &self.defaults {
            service = over(&defaults_for(defaults, &service), &service);
        }
        MergedService::decode(&service, reader).unwrap_or_default()
    }

    fn refuse(&self, service: &ServiceName, entry: &Entry, reader: &mut Reader<'_>) {
        let names = self.services.keys().map(ServiceName::as_str);
        let message = format!("there is no service `{service}` to override");
        let hint = match reader.nearest(service.as_str(), names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "an environment can't add a service: put it under `services`".to_owned(),
        };
        reader.refuse_for(NOT_A_SERVICE, entry.key_span, message, hint);
    }
}
