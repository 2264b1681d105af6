//! `mod.rs` and `lib.rs` say what belongs together; what happens is in files with names.

use syn::visit::{self, Visit};

use crate::tree::{Source, assert_none, is_for_tests, sources};

/// The names of functions with a body outside tests.
fn logic(source: &Source) -> Vec<String> {
    let mut finder = Finder::default();
    finder.visit_file(&source.parse());
    finder
        .found
        .into_iter()
        .map(|name| format!("{}: fn {name}", source.path))
        .collect()
}

#[derive(Default)]
struct Finder {
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.found.push(item.sig.ident.to_string());
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.found.push(item.sig.ident.to_string());
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if item.default.is_some() {
            self.found.push(item.sig.ident.to_string());
        }
    }
}

#[test]
fn no_mod_or_lib_file_holds_logic() {
    let roots: Vec<Source> = sources()
        .into_iter()
        .filter(|source| matches!(source.file_name(), "mod.rs" | "lib.rs"))
        .collect();
    assert!(roots.len() > 10, "hardly any file was found");
    assert_none(&roots.iter().flat_map(logic).collect::<Vec<String>>());
}

#[test]
fn a_body_is_seen_wherever_it_hides_but_tests_and_signatures_are_not() {
    let bad =
        "fn a() {}\nmod m { fn b() {} }\nimpl S { fn c(&self) {} }\ntrait T { fn d(&self) {} }\n";
    assert_eq!(logic(&Source::made_up("lib.rs", bad)).len(), 4);
    let good = "mod m;\npub use m::M;\nconst N: usize = 3;\ntrait T { fn d(&self); }\n\
                macro_rules! w { () => { fn e() {} } }\n#[cfg(test)]\nmod tests { fn f() {} }\n";
    assert_none(&logic(&Source::made_up("lib.rs", good)));
}
