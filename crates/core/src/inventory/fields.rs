//! The attributes of an entity. There are few of them and many entities: they stand in one list, as long as it has to be, and their
//! names stand once for all.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::entity::Item;

/// Attributes by their names, in the order of these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    items: Vec<(Arc<str>, Item)>,
}

/// A name, once for all that have it.
fn name(text: &str) -> Arc<str> {
    thread_local! {
        static NAMES: RefCell<HashSet<Arc<str>>> = RefCell::default();
    }
    NAMES.with_borrow_mut(|names| match names.get(text) {
        Some(name) => name.clone(),
        None => {
            let name: Arc<str> = text.into();
            names.insert(name.clone());
            name
        }
    })
}

impl Fields {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    fn position(&self, attr: &str) -> Result<usize, usize> {
        self.items.binary_search_by(|(name, _)| name.as_ref().cmp(attr))
    }

    /// The value of an attribute.
    pub fn get(&self, attr: &str) -> Option<&Item> {
        self.items.get(self.position(attr).ok()?).map(|(_, item)| item)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, attr: &str) -> Option<&mut Item> {
        let position = self.position(attr).ok()?;
        self.items.get_mut(position).map(|(_, item)| item)
    }

    /// Whether an attribute has a value.
    pub fn contains_key(&self, attr: &str) -> bool {
        self.position(attr).is_ok()
    }

    /// Sets an attribute; the value that it had.
    pub fn insert(&mut self, attr: impl AsRef<str>, item: Item) -> Option<Item> {
        let attr = attr.as_ref();
        match self.position(attr) {
            Ok(position) => self.items.get_mut(position).map(|(_, known)| std::mem::replace(known, item)),
            Err(position) => {
                if self.items.len() == self.items.capacity() {
                    self.items.reserve_exact(1);
                }
                self.items.insert(position, (name(attr), item));
                None
            }
        }
    }

    /// The value of an attribute, which is set to this one where it has none.
    pub fn get_or_insert_with(&mut self, attr: &str, item: impl FnOnce() -> Item) -> Option<&mut Item> {
        if !self.contains_key(attr) {
            self.insert(attr, item());
        }
        self.get_mut(attr)
    }

    /// Takes an attribute away; the value that it had.
    pub fn remove(&mut self, attr: &str) -> Option<Item> {
        let position = self.position(attr).ok()?;
        Some(self.items.remove(position).1)
    }

    /// All attributes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.items.iter().map(|(name, item)| (name.as_ref(), item))
    }

    /// All attributes, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Item)> {
        self.items.iter_mut().map(|(name, item)| {
            let name: &Arc<str> = name;
            (name.as_ref(), item)
        })
    }

    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(name, _)| name.as_ref())
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().map(|(_, item)| item)
    }
}

impl From<Fields> for BTreeMap<String, Item> {
    fn from(fields: Fields) -> Self {
        fields.items.into_iter().map(|(name, item)| (name.as_ref().to_owned(), item)).collect()
    }
}

impl<K: AsRef<str>> FromIterator<(K, Item)> for Fields {
    fn from_iter<T: IntoIterator<Item = (K, Item)>>(items: T) -> Self {
        let items = items.into_iter();
        let mut fields = Self { items: Vec::with_capacity(items.size_hint().0) };
        items.for_each(|(attr, item)| drop(fields.insert(attr, item)));
        fields
    }
}

impl<K: AsRef<str>, const N: usize> From<[(K, Item); N]> for Fields {
    fn from(items: [(K, Item); N]) -> Self {
        items.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::entity::Attr;
    use crate::problem::Span;

    #[test]
    fn they_are_as_a_map_would_have_them() {
        let item = |n: i64| Item { span: Span::default(), attr: Attr::Long(n) };
        let (mut fields, mut map) = (Fields::new(), BTreeMap::new());
        for (n, attr) in ["policies", "account", "tags", "account", "b", "policies"].into_iter().enumerate() {
            let n = i64::try_from(n).unwrap();
            assert_eq!(fields.insert(attr, item(n)), map.insert(attr, item(n)));
        }
        assert_eq!(fields.remove("b"), map.remove("b"));
        assert_eq!(fields.remove("b"), None);
        assert!(fields.iter().eq(map.iter().map(|(k, i)| (*k, i))));
        assert!(fields.keys().eq(map.keys().copied()) && fields.values().eq(map.values()));
        assert!(fields.contains_key("tags") && !fields.contains_key("tag"));
        fields.get_mut("tags").unwrap().attr = Attr::Long(9);
        assert_eq!(fields.get("tags"), Some(&item(9)));
        assert_eq!(fields.get_or_insert_with("new", || item(7)), Some(&mut item(7)));
        assert_eq!(fields.get_or_insert_with("tags", || item(7)), Some(&mut item(9)));
        assert_eq!(fields, ["tags", "account", "new", "policies"].map(|a| (a, fields.get(a).unwrap().clone())).into());
    }
}
