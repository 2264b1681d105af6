//! The functions of a source file, with their size.

use syn::visit::{self, Visit};

/// One function with a body or a signature of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Lines between the braces of its body.
    pub(crate) lines: usize,
    /// Parameters, the receiver among them; `None` where a trait that is implemented decides.
    pub(crate) parameters: Option<usize>,
}

/// Every function of the file, those inside others too.
pub(crate) fn functions(file: &syn::File) -> Vec<Function> {
    let mut collector = Collector::default();
    collector.visit_file(file);
    collector.functions
}

#[derive(Default)]
struct Collector {
    functions: Vec<Function>,
    /// Whether what is visited now implements somebody's trait.
    implements: bool,
}

impl Collector {
    fn take(&mut self, signature: &syn::Signature, body: Option<&syn::Block>, free: bool) {
        self.functions.push(Function {
            name: signature.ident.to_string(),
            lines: body.map_or(0, lines_between_braces),
            parameters: free.then_some(signature.inputs.len()),
        });
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.take(&item.sig, Some(&item.block), true);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.implements, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.implements = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.take(&item.sig, Some(&item.block), !self.implements);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.take(&item.sig, item.default.as_ref(), true);
        visit::visit_trait_item_fn(self, item);
    }
}

fn lines_between_braces(body: &syn::Block) -> usize {
    let braces = body.brace_token.span;
    let (open, close) = (braces.open().start().line, braces.close().end().line);
    close.saturating_sub(open + 1)
}

/// The lines that a module with a body covers, from its first attribute on; 0 without a body.
pub(crate) fn lines_of(module: &syn::ItemMod) -> usize {
    let Some((braces, _items)) = &module.content else {
        return 0;
    };
    let attribute = module
        .attrs
        .first()
        .map(|first| first.pound_token.span.start().line);
    let start = attribute.unwrap_or(module.mod_token.span.start().line);
    braces.span.close().end().line + 1 - start
}

#[test]
fn bodies_are_measured_between_their_braces() {
    let text =
        "fn short() {}\nfn two() {\n    one();\n    // two\n}\ntrait T { fn t(&self, a: u8); }\n";
    let found = functions(&syn::parse_file(text).expect("it is Rust"));
    let sizes: Vec<(&str, usize)> = found.iter().map(|f| (f.name.as_str(), f.lines)).collect();
    assert_eq!(sizes, [("short", 0), ("two", 2), ("t", 0)]);
    assert_eq!(found[2].parameters, Some(2));
}

#[test]
fn who_implements_a_trait_does_not_choose_its_parameters() {
    let text =
        "impl T for S { fn t(&self, a: u8) { fn inner(b: u8) {} } }\nimpl S { fn s(&self) {} }\n";
    let found = functions(&syn::parse_file(text).expect("it is Rust"));
    let parameters: Vec<(&str, Option<usize>)> = found
        .iter()
        .map(|f| (f.name.as_str(), f.parameters))
        .collect();
    assert_eq!(
        parameters,
        [("t", None), ("inner", Some(1)), ("s", Some(1))]
    );
}
