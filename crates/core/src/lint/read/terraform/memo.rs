//! What names stand for, evaluated once: locals, variables and outputs are mentioned far more often than they are said.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crate::text::json::{Node, Value};

/// Values with more parts than this are not kept: hostile files can make values far larger than they are.
const MOST: usize = 2_000_000;

/// What kind of name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A local.
    Local,
    /// What a variable is where nobody sets it.
    Default,
    /// What callers of a module give to a variable.
    Given,
    /// All that a variable may be.
    Variable,
    /// What a module gives back.
    Output,
}

/// A name: that of its folder (by where its names are kept, which stay there), its kind, its own.
pub type Key = (usize, Kind, String);

enum Entry {
    /// It is being evaluated, as the evaluation of this number.
    Open(usize),
    Known(Rc<Node>),
}

/// What is known of a name.
pub enum Known {
    /// Its value.
    Value(Rc<Node>),
    /// Who asks is a part of it: names that say each other in a circle.
    Circle,
    /// Nothing yet.
    Nothing,
}

/// Values by their names.
#[derive(Default)]
pub struct Memo {
    entries: RefCell<HashMap<Key, Entry>>,
    kept: Cell<usize>,
}

impl Memo {
    /// What is known of a name.
    pub fn get(&self, key: &Key, open: &Open) -> Known {
        match self.entries.borrow().get(key) {
            Some(Entry::Known(node)) => Known::Value(node.clone()),
            Some(Entry::Open(number)) => {
                open.rests_on(*number);
                Known::Circle
            }
            None => Known::Nothing,
        }
    }

    /// Evaluates a name that is not known, and keeps its value if that is all of it.
    pub fn evaluate(&self, key: Key, open: &Open, value: impl FnOnce() -> Node) -> Rc<Node> {
        let (number, outer) = open.enter();
        self.entries.borrow_mut().insert(key.clone(), Entry::Open(number));
        let node = Rc::new(value());
        let kept = self.kept.get().saturating_add(size(&node));
        if open.leave(number, outer) && kept <= MOST {
            self.kept.set(kept);
            self.entries.borrow_mut().insert(key, Entry::Known(node.clone()));
        } else {
            self.entries.borrow_mut().remove(&key);
        }
        node
    }
}

/// The evaluations that are under way. One that rests on an outer one, which is not done, or that was cut short, has not all of its value.
pub struct Open {
    number: Cell<usize>,
    /// The outermost evaluation that the present one rests on.
    outermost: Cell<usize>,
}

impl Default for Open {
    fn default() -> Self {
        Self { number: Cell::new(0), outermost: Cell::new(usize::MAX) }
    }
}

impl Open {
    /// A value is not evaluated to its end: none that it is a part of is whole.
    pub fn cut(&self) {
        self.rests_on(0);
    }

    fn rests_on(&self, number: usize) {
        self.outermost.set(self.outermost.get().min(number));
    }

    fn enter(&self) -> (usize, usize) {
        let number = self.number.get() + 1;
        self.number.set(number);
        (number, self.outermost.replace(usize::MAX))
    }

    /// Whether the evaluation of this number has all of its value.
    fn leave(&self, number: usize, outer: usize) -> bool {
        self.number.set(number - 1);
        let own = self.outermost.get();
        let whole = own >= number;
        self.outermost.set(if whole { outer } else { outer.min(own) });
        whole
    }
}

/// How many values there are in a value.
pub fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|m| size(&m.node)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Span;

    fn key(name: &str) -> Key {
        (0, Kind::Local, name.to_owned())
    }

    /// Asks for a name whose value asks for the names that `parts` gives for it; counts evaluations.
    fn ask(memo: &Memo, open: &Open, name: &str, parts: &dyn Fn(&str) -> Vec<String>, count: &Cell<usize>) {
        if !matches!(memo.get(&key(name), open), Known::Nothing) {
            return;
        }
        memo.evaluate(key(name), open, || {
            count.set(count.get() + 1);
            parts(name).iter().for_each(|part| ask(memo, open, part, parts, count));
            Node::new(Span::default(), Value::Null)
        });
    }

    #[test]
    fn what_is_whole_is_evaluated_once_and_what_is_in_a_circle_is_not_kept() {
        let (memo, open, count) = (Memo::default(), Open::default(), Cell::new(0));
        let parts = |name: &str| -> Vec<String> {
            let of: &[&str] = match name {
                "a" => &["b", "c", "b"],
                "b" => &["d"],
                "circle" => &["inner", "d"],
                "inner" => &["circle", "d"],
                _ => &[],
            };
            of.iter().map(|s| (*s).to_owned()).collect()
        };
        ask(&memo, &open, "a", &parts, &count);
        assert_eq!(count.get(), 4, "a, b, c, d");
        ask(&memo, &open, "circle", &parts, &count);
        assert_eq!(count.get(), 6, "circle, inner");
        assert!(matches!(memo.get(&key("circle"), &open), Known::Value(_)), "it rests on itself alone");
        assert!(matches!(memo.get(&key("inner"), &open), Known::Nothing), "it rests on what was not done");
        open.cut();
        assert!(matches!(memo.get(&key("d"), &open), Known::Value(_)), "what was whole stays");
    }

    #[test]
    fn what_was_cut_short_is_not_kept() {
        let (memo, open) = (Memo::default(), Open::default());
        memo.evaluate(key("outer"), &open, || {
            memo.evaluate(key("inner"), &open, || {
                open.cut();
                Node::new(Span::default(), Value::Null)
            });
            memo.evaluate(key("whole"), &open, || Node::new(Span::default(), Value::Null));
            Node::new(Span::default(), Value::Null)
        });
        let known = |name| matches!(memo.get(&key(name), &open), Known::Value(_));
        assert_eq!([known("outer"), known("inner"), known("whole")], [false, false, true]);
    }
}
