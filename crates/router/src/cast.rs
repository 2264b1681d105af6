//! Whose counts are kept, each by a small number.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ticks::Who;

/// Who occurs in the ticks that are kept. A place is given to somebody else once no kept tick names it.
#[derive(Debug, Default)]
pub(crate) struct Cast {
    roles: Vec<Role>,
    /// By where they are in memory: as long as they have a place, nobody else is there.
    places: BTreeMap<usize, usize>,
}

#[derive(Debug)]
struct Role {
    who: Arc<Who>,
    /// The last tick that names it.
    last: u64,
}

impl Cast {
    /// The place of `who`, named by `tick`; ticks before `oldest` are not kept any more.
    pub(crate) fn place(&mut self, who: &Arc<Who>, tick: u64, oldest: u64) -> usize {
        let address = Arc::as_ptr(who).addr();
        let place = match self.places.get(&address) {
            Some(place) => *place,
            None => self.new_place(who, oldest),
        };
        self.places.insert(address, place);
        self.roles[place].last = tick;
        place
    }

    fn new_place(&mut self, who: &Arc<Who>, oldest: u64) -> usize {
        let who = who.clone();
        let role = Role { who, last: 0 };
        let Some(place) = self.roles.iter().position(|role| role.last < oldest) else {
            self.roles.push(role);
            return self.roles.len() - 1;
        };
        let before = std::mem::replace(&mut self.roles[place], role);
        self.places.remove(&Arc::as_ptr(&before.who).addr());
        place
    }

    /// Who has `place`.
    pub(crate) fn who(&self, place: usize) -> Option<&Arc<Who>> {
        self.roles.get(place).map(|role| &role.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str) -> Arc<Who> {
        let service = format!("shop/default/{name}").try_into().expect("a key");
        Arc::new(Who {
            service,
            slot: None,
        })
    }

    #[test]
    fn a_place_is_given_away_only_when_no_kept_tick_names_it() {
        let (a, b, c) = (who("a"), who("b"), who("c"));
        let mut cast = Cast::default();
        assert_eq!(cast.place(&a, 1, 1), 0);
        assert_eq!(cast.place(&b, 2, 1), 1);
        assert_eq!(cast.place(&a, 3, 1), 0);
        assert_eq!(cast.place(&c, 4, 2), 2, "tick 2 names b still");
        assert_eq!(cast.place(&b, 5, 5), 1);
        let d = who("d");
        assert_eq!(cast.place(&d, 6, 5), 0, "that of a");
        assert_eq!(cast.place(&a, 6, 5), 2, "that of c");
        for (place, who) in [(0, &d), (1, &b), (2, &a)] {
            assert!(cast.who(place).is_some_and(|it| Arc::ptr_eq(it, who)));
        }
    }
}
