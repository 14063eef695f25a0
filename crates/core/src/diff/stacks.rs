//! New access for any request: every changed document, and every stack of layers that is another than before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use serde::Serialize;

use super::listed::Listed;
use super::people::Who;
use super::{PrincipalEntry, Side, provisioned, resources, trust, unlisted};
use crate::access::settled::{self, Named, OUTSIDE, everything, everything_outside, keys_of, of_statement};
use crate::access::{self, AccessAnswer, NewRequests};
use crate::agreements::Agreements;
use crate::iam::document::Statement;
use crate::inventory::{Inventory, Policy};
use crate::permissions::controls::Controls;
use crate::permissions::knowledge::{Knowledge, Known};
use crate::permissions::layer::{Layer, LayerStatement};
use crate::permissions::principals::{Directory, Principal, is_service_linked};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;

/// So many different stacks are searched; of the others it is said that they were not.
const MAX_SEARCHED: usize = 200;

/// What answers call whoever asks for resources of an account, in the place of a principal.
pub const ANYONE: &str = "*";

/// What is compared where people came to stand behind a permission set.
const BEHIND: &str = "who stands behind it";

/// What is compared with what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// A document by itself.
    Document,
    /// All layers that a principal is under.
    Stack,
}

/// What one comparison comes to.
#[derive(Clone, Debug, Serialize)]
pub struct NewAccess {
    /// What is compared.
    pub of: Compared,
    /// The document; or the layers that are not the same, each with what it is of.
    pub name: String,
    /// Its principals were there before, under another stack; documents always were.
    #[serde(skip)]
    pub was_there: bool,
    /// The policies are the same: only the name of the role is known now, and was not.
    #[serde(skip)]
    pub by_name: bool,
    /// Who is under the stack; empty for a document.
    pub principals: Vec<PrincipalEntry>,
    /// The answer.
    pub answer: AccessAnswer,
    /// Why it is accepted, if an exception says so.
    pub allowed: Option<String>,
}

impl NewAccess {
    /// By the stacks of principals that were there before, by these names.
    pub(super) fn of_known(name: String, principals: Vec<PrincipalEntry>, answer: AccessAnswer) -> Self {
        Self { of: Compared::Stack, name, was_there: true, by_name: false, principals, answer, allowed: None }
    }

    /// Someone has access that they had not, or may have. What a document says counts by the stacks that it is a part of.
    pub fn widens(&self) -> bool {
        self.of == Compared::Stack && self.answer.decision != NewRequests::None
    }

    /// Someone certainly has.
    pub fn is_certain(&self) -> bool {
        self.of == Compared::Stack && self.answer.decision == NewRequests::New
    }

    /// It is about people who came to stand behind permission sets.
    pub fn is_of_people(&self) -> bool {
        self.of == Compared::Stack && self.name == BEHIND
    }

    /// It is about who may assume a role.
    pub fn is_trust(&self) -> bool {
        self.name == trust::NAME
    }

    /// It is about who may ask for resources that are under resource control policies.
    pub fn is_of_resources(&self) -> bool {
        self.name == resources::NAME
    }

    /// It is about accounts that the old inventory did not list, as their organization, or about principals whom it did not list.
    pub fn is_of_unlisted(&self) -> bool {
        let is_not_listed =
            |p: &PrincipalEntry| p.principal == ANYONE && (p.account.starts_with("o-") || !self.is_of_resources());
        self.principals.iter().any(is_not_listed)
    }

    /// It is about whoever asks for resources of accounts, not about principals that are known.
    pub fn is_of_anyone(&self) -> bool {
        self.is_of_resources() && self.principals.iter().all(|p| p.principal == ANYONE)
    }
}

/// A layer as a principal is under it: what every request of the principal carries is settled.
#[derive(Clone)]
struct Settled {
    name: String,
    of: String,
    /// By what it says, where it was interned.
    number: Option<usize>,
    /// Each with the file that answers name.
    statements: Rc<Vec<Named>>,
    /// Policies of which it is not known what they say, or whether they are attached.
    unknown: BTreeSet<String>,
    placed: bool,
    /// The organization with whose feature set it exists, where that is not known.
    perhaps: Option<String>,
}

/// The settled layers of a principal, by their number.
pub(super) type Stack = Vec<usize>;

/// Every settled layer once.
#[derive(Default)]
pub(super) struct Interned {
    layers: Vec<Settled>,
    /// What layers say, by its text.
    contents: HashMap<String, usize>,
    /// By what it says, and what is settled of what it reads.
    numbers: HashMap<(usize, Vec<String>), usize>,
}

/// Compares documents and stacks.
pub(super) fn new_access(
    base: &Side<'_>,
    head: &Side<'_>,
    rules: &RuleBook,
    listed: &Listed<'_>,
) -> Result<Vec<NewAccess>, Failure> {
    stack::evaluate(|| {
        let mut found = documents(base.inventory, head.inventory)?;
        found.extend(trust::new_access(base, head, rules)?);
        found.extend(resources::new_access(base, head, rules)?);
        found.extend(unlisted::new_access(base, head)?);
        found.extend(stacks((base, head), rules, listed)?);
        Ok(found)
    })
}

fn documents(base: &Inventory, head: &Inventory) -> Result<Vec<NewAccess>, Failure> {
    let mut found = Vec::new();
    for (id, new) in &head.policies {
        let Some(old) = base.policies.get(id).filter(|old| old.content != new.content && !new.is_trust()) else {
            continue;
        };
        if was_in_the_list(base, id, new) {
            continue;
        }
        let side = |policies: Vec<Policy>| access::Side::new(vec![("document", policies)]);
        let mut answer = access::new_access(&side(vec![old.clone()]), &side(vec![new.clone()]))?;
        if let (NewRequests::None, Some(everything)) = (answer.decision, everything()) {
            // a denial that is lifted allows what another policy allows
            let beside =
                |policy: &Policy| side(vec![policy.clone(), of_statement(0, OUTSIDE.to_owned(), everything.clone())]);
            answer = access::new_access(&beside(old), &beside(new))?;
        }
        found.push(NewAccess {
            of: Compared::Document,
            name: new.label.clone(),
            was_there: true,
            by_name: false,
            principals: Vec::new(),
            answer,
            allowed: None,
        });
    }
    Ok(found)
}

/// Whether a document that stands in a list within an entity stood in that list before, in another place.
fn was_in_the_list(base: &Inventory, id: &str, new: &Policy) -> bool {
    let list = |id: &'_ str| id.contains('#').then(|| id.rsplit_once('[').map(|(list, _)| list.to_owned())).flatten();
    let own = list(id);
    own.is_some() && base.policies.iter().any(|(other, old)| old.content == new.content && list(other) == own)
}

fn stacks(
    (base, head): (&Side<'_>, &Side<'_>),
    rules: &RuleBook,
    listed: &Listed<'_>,
) -> Result<Vec<NewAccess>, Failure> {
    let mut interned = Interned::default();
    let (mut old, mut new) = (principals(base, rules, &mut interned)?, principals(head, rules, &mut interned)?);
    let named = align(&mut old, &mut new);
    let before: BTreeMap<_, _> = old.iter().map(|s| ((&s.who.account, &s.who.principal), s)).collect();
    let mut groups: BTreeMap<(Option<Stack>, Stack, bool), Vec<PrincipalEntry>> = BTreeMap::new();
    let mut controlled: BTreeMap<[Stack; 2], Vec<PrincipalEntry>> = BTreeMap::new();
    for Standing { who, stack, controls, .. } in &new {
        let of_before = before.get(&(&who.account, &who.principal));
        let old = of_before.map(|before| &before.stack);
        // what they can ask for of their own account, under the policies above its resources
        if let Some(before) = of_before.filter(|before| before.controls != *controls) {
            let under = |controls: &Stack| stack.iter().chain(controls).copied().collect::<Stack>();
            controlled.entry([under(&before.controls), under(controls)]).or_default().push(who.clone());
        }
        if old != Some(stack) {
            let is_named = named.contains(&(who.account.clone(), who.principal.clone()));
            let by_name = is_named && old.is_some_and(|old| interned.is_alike(old, stack));
            groups.entry((old.cloned(), stack.clone(), by_name)).or_default().push(who.clone());
        }
    }
    let mut comparing = Comparing::new(&interned);
    let mut found = Vec::new();
    for ((old, new, by_name), mut principals) in groups {
        principals.sort();
        let account = principals.first().map_or("", |p| p.account.as_str());
        let answer = comparing.stacks(old.as_ref(), &new, account)?;
        let name = interned.name(old.as_ref(), &new);
        let was_there = old.is_some();
        found.push(NewAccess { of: Compared::Stack, name, was_there, by_name, principals, answer, allowed: None });
    }
    let mut alike: BTreeMap<String, (AccessAnswer, Vec<PrincipalEntry>)> = BTreeMap::new();
    for ([old, new], principals) in controlled {
        // of those that are not known it is told of the accounts
        let account = principals.first().map_or("", |p| p.account.as_str());
        let answer = comparing.stacks(Some(&old), &new, account)?;
        if answer.decision == NewRequests::New {
            let key = format!("{:?} {:?}", answer.reason, answer.witnesses);
            alike.entry(key).or_insert_with(|| (answer, Vec::new())).1.extend(principals);
        }
    }
    for (answer, mut principals) in alike.into_values() {
        principals.sort();
        found.push(NewAccess::of_known(resources::NAME.to_owned(), principals, answer));
    }
    found.extend(comparing.people(&old, &new, listed)?);
    found.sort_by(|a, b| a.principals.cmp(&b.principals));
    Ok(found)
}

/// A principal as it stands on a side.
struct Standing {
    who: PrincipalEntry,
    /// Who stands behind it, by id and name.
    behind: BTreeMap<String, String>,
    /// The layers that it is under.
    stack: Stack,
    /// Those above the resources of its account.
    controls: Stack,
}

/// Calls a permission set alike whose role only one side knows; those are returned.
fn align(old: &mut [Standing], new: &mut [Standing]) -> BTreeSet<Who> {
    let of = |side: &[Standing]| side.iter().map(|s| s.who.clone()).collect::<Vec<_>>();
    let names = provisioned::names(&of(old), &of(new));
    for Standing { who: entry, .. } in old.iter_mut().chain(new) {
        if let Some((_, arn)) = names.get(&(entry.account.clone(), entry.principal.clone())) {
            entry.principal = arn.clone();
        }
    }
    names.into_values().collect()
}

/// The resource control policies above an account whose documents are known, and what they may read of it.
type Above = (Vec<Rc<Layer>>, Vec<(&'static str, Known)>);

/// The people who came to stand behind permission sets, by their names.
type Joined<'s> = BTreeMap<&'s PrincipalEntry, Vec<String>>;

/// All principals of a side, with their stacks.
fn principals(side: &Side<'_>, rules: &RuleBook, interned: &mut Interned) -> Result<Vec<Standing>, Failure> {
    let agreements = Agreements::new(side.inventory, rules, side.options.at);
    let tree = &agreements.tree;
    let directory = Directory::new(side.inventory, tree, side.options.at, &side.options.context);
    let mut directory = directory.standing(Box::new(|account| agreements.standing(account)));
    let mut found = Vec::new();
    let everyone = directory.all()?;
    let mut above: BTreeMap<&str, Above> = BTreeMap::new();
    let exist = Controls::exist(tree);
    for account in tree.accounts.values().filter(|_| exist) {
        let then = directory.then(account)?;
        let mut layers = directory.resource_control(account, &then);
        layers.retain(|layer| layer.placed && layer.opaque.is_empty());
        if !layers.is_empty() {
            above.insert(&account.id, (layers, directory.resource_keys(&account.id, &then)));
        }
    }
    // principals share layers, which live as long as they do
    let mut known: HashMap<*const Layer, Read> = HashMap::new();
    for principal in &everyone {
        let mut stack = Stack::new();
        for layer in &principal.stack.layers {
            let read = known.entry(Rc::as_ptr(layer)).or_insert_with(|| interned.read(layer, side.inventory));
            stack.push(interned.number(layer, read, &principal.knowledge));
        }
        let people = principal.people.iter().map(|p| (p.id.clone(), p.user_name.clone()));
        let groups = principal.groups.iter().map(|g| (g.id.clone(), format!("group {}", g.name)));
        let mut controls = Stack::new();
        // they do not affect roles that are linked to services
        let above = above.get(principal.account.as_str()).filter(|_| !is_service_linked(&principal.arn));
        if let Some((layers, keys)) = above {
            let mut knowledge = principal.knowledge.clone();
            keys.iter().for_each(|(key, value)| knowledge.insert(key, value.clone()));
            for layer in layers {
                let read = known.entry(Rc::as_ptr(layer)).or_insert_with(|| interned.read(layer, side.inventory));
                controls.push(interned.number(layer, read, &knowledge));
            }
        }
        found.push(Standing { who: entry(principal), behind: people.chain(groups).collect(), stack, controls });
    }
    Ok(found)
}

fn entry(principal: &Principal) -> PrincipalEntry {
    let groups = principal.groups.iter().map(|g| format!("group {}", g.name));
    PrincipalEntry {
        account: principal.account.clone(),
        principal: principal.arn.clone(),
        kind: principal.kind,
        name: principal.name.clone(),
        people: principal.people.iter().map(|p| p.user_name.clone()).chain(groups).collect(),
    }
}

/// What a layer reads, and a number for what it says.
pub(super) struct Read {
    keys: Vec<String>,
    contents: usize,
}

impl Interned {
    /// A layer that allows everything.
    pub(super) fn everything(&mut self) -> usize {
        self.layers.push(Settled::certain("identity", everything_outside().into_iter().collect()));
        self.layers.len() - 1
    }

    pub(super) fn read(&mut self, layer: &Layer, inventory: &Inventory) -> Read {
        let statements = layer.statements.iter().map(|s| &s.statement);
        let keys: BTreeSet<&str> = statements.flat_map(keys_of).collect();
        let content = |id: &'_ String| inventory.policies.get(id).map_or_else(|| id.clone(), |p| p.content.clone());
        let contents: BTreeSet<String> = layer.policies.iter().map(content).collect();
        let unknown: Vec<&String> = layer.opaque.iter().collect();
        let text = format!("{} {} {contents:?} {unknown:?} {:?}", layer.name, layer.placed, layer.of_all_features);
        let next = self.contents.len();
        let contents = *self.contents.entry(text).or_insert(next);
        Read { keys: keys.into_iter().map(str::to_owned).collect(), contents }
    }

    pub(super) fn number(&mut self, layer: &Layer, read: &Read, knowledge: &Knowledge) -> usize {
        let known = read.keys.iter().filter_map(|k| Some(format!("{k}={:?}", knowledge.determined(k)?)));
        let signature = (read.contents, known.collect::<Vec<_>>());
        if let Some(number) = self.numbers.get(&signature) {
            return *number;
        }
        let unknown: BTreeSet<String> = layer.opaque.iter().cloned().collect();
        let settled = |s: &LayerStatement| Some((s.origin.file.clone(), settled::settled(&s.statement, knowledge)?));
        let mut statements: Vec<Named> = layer.statements.iter().filter_map(settled).collect();
        if layer.name.starts_with("resourceControl") {
            statements = resources::of_own_account(statements);
        }
        self.layers.push(Settled {
            name: layer.name.clone(),
            of: layer.of.clone(),
            number: Some(self.layers.len()),
            statements: Rc::new(statements),
            unknown,
            placed: layer.placed,
            perhaps: layer.of_all_features.clone(),
        });
        self.numbers.insert(signature, self.layers.len() - 1);
        self.layers.len() - 1
    }

    /// Both have the same policies.
    fn is_alike(&self, old: &Stack, new: &Stack) -> bool {
        let says = |number: &usize| self.numbers.iter().find(|(_, n)| *n == number).map(|((contents, _), _)| *contents);
        old.len() == new.len() && old.iter().zip(new).all(|(a, b)| says(a) == says(b))
    }

    /// The layers that are not the same.
    fn name(&self, old: Option<&Stack>, new: &Stack) -> String {
        let Some(old) = old else {
            return "all layers: it was not there".to_owned();
        };
        let differ = new.iter().filter(|n| !old.contains(n)).chain(old.iter().filter(|o| !new.contains(o)));
        let names: BTreeSet<String> = differ
            .filter_map(|n| self.layers.get(*n))
            .map(|l| match l.name.starts_with("serviceControl") {
                true => format!("service control policies of {}", l.of),
                false => l.name.clone(),
            })
            .collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Compares stacks, layers first: what no layer newly allows, no stack does.
pub(super) struct Comparing<'a> {
    interned: &'a Interned,
    layers: HashMap<(usize, usize), NewRequests>,
    searched: usize,
}

impl<'a> Comparing<'a> {
    pub(super) fn new(interned: &'a Interned) -> Self {
        Self { interned, layers: HashMap::new(), searched: 0 }
    }

    /// The stacks of people who stand behind a permission set now, and did not before: each is compared with those that they had by
    /// other permission sets of the account.
    fn people(&mut self, old: &[Standing], new: &[Standing], listed: &Listed<'_>) -> Result<Vec<NewAccess>, Failure> {
        let mut before: BTreeMap<(&str, &str), BTreeSet<&Stack>> = BTreeMap::new();
        let mut stood: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for Standing { who, behind, stack, .. } in old {
            for id in behind.keys() {
                before.entry((&who.account, id)).or_default().insert(stack);
                stood.insert((&who.account, &who.principal, id));
            }
        }
        let known: BTreeMap<(&str, &str), &Stack> =
            old.iter().map(|s| ((&*s.who.account, &*s.who.principal), &s.stack)).collect();
        let mut groups: BTreeMap<(BTreeSet<&Stack>, &Stack), Joined<'_>> = BTreeMap::new();
        for Standing { who, behind, stack, .. } in new {
            // of a principal that was not there it is told already
            let Some(stood_under) = known.get(&(&*who.account, &*who.principal)).copied() else { continue };
            let set = (who.account.clone(), who.principal.clone());
            for (id, name) in behind.iter().filter(|(id, _)| !stood.contains(&(&*who.account, &*who.principal, id))) {
                // the unlisted members of a group had what it has
                if listed.may_have_been(&set, id) && self.allows_no_more(stood_under, stack, &who.account)? {
                    continue;
                }
                let had = before.get(&(&*who.account, id)).cloned().unwrap_or_default();
                if !had.contains(stack) {
                    groups.entry((had, stack)).or_default().entry(who).or_default().push(name.clone());
                }
            }
        }
        let mut found = Vec::new();
        for ((had, stack), principals) in groups {
            let account = principals.keys().next().map_or("", |who| who.account.as_str());
            let answer = self.beyond(&had, stack, account)?;
            let principals = principals.into_iter().map(|(who, people)| PrincipalEntry { people, ..who.clone() });
            found.push(NewAccess::of_known(BEHIND.to_owned(), principals.collect(), answer));
        }
        Ok(found)
    }

    fn allows_no_more(&mut self, old: &Stack, new: &Stack, account: &str) -> Result<bool, Failure> {
        Ok(old == new || self.stacks(Some(old), new, account)?.decision == NewRequests::None)
    }

    /// What a stack allows that none of others did.
    fn beyond(&mut self, had: &BTreeSet<&Stack>, stack: &Stack, account: &str) -> Result<AccessAnswer, Failure> {
        let mut answers = Vec::new();
        for old in had {
            let answer = self.stacks(Some(old), stack, account)?;
            if answer.decision == NewRequests::None {
                return Ok(answer);
            }
            answers.push(answer);
        }
        match (answers.pop(), answers.is_empty()) {
            (None, _) => self.stacks(None, stack, account),
            (Some(only), true) => Ok(only),
            _ => Ok(AccessAnswer::unknown("what several permission sets allowed together is not compared with one")),
        }
    }

    /// What a stack allows that another did not; examples are of the account.
    pub(super) fn stacks(&mut self, old: Option<&Stack>, new: &Stack, account: &str) -> Result<AccessAnswer, Failure> {
        if let Some(old) = old
            && self.no_layer_allows_more(old, new)?
        {
            return Ok(AccessAnswer::none());
        }
        // what a layer that allows everything adds or takes away is nothing
        let plain = |layer: &&Settled| layer.name == "identity" || !layer.allows_everything();
        let only = |own: &Stack, other: Option<&Stack>| -> Vec<Settled> {
            let differs = |number: &&usize| other.is_some_and(|other| !other.contains(number));
            let kept = own.iter().filter(|n| !differs(n) || self.interned.layers.get(**n).as_ref().is_some_and(plain));
            kept.filter_map(|n| self.interned.layers.get(*n)).cloned().collect()
        };
        let before: Vec<Settled> = match old {
            Some(old) => only(old, Some(new)),
            // who was not there was allowed nothing
            None => vec![Settled::certain("identity", Vec::new())],
        };
        let after: Vec<Settled> = only(new, old);
        let organizations: BTreeSet<String> = before.iter().chain(&after).filter_map(|l| l.perhaps.clone()).collect();
        if organizations.is_empty() {
            return self.compare(&before, &after, account);
        }
        self.in_each_world(&organizations, (&before, &after), account)
    }

    /// With and without the control policies of organizations whose feature set is not known: what differs is unknown.
    fn in_each_world(
        &mut self,
        organizations: &BTreeSet<String>,
        (before, after): (&[Settled], &[Settled]),
        account: &str,
    ) -> Result<AccessAnswer, Failure> {
        let mut worlds: Vec<BTreeSet<&String>> = vec![BTreeSet::new()];
        for organization in organizations {
            let with = worlds.iter().map(|w| w.iter().copied().chain([organization]).collect());
            let with: Vec<BTreeSet<&String>> = with.collect();
            worlds.extend(with);
        }
        let mut answers = Vec::new();
        for world in &worlds {
            let there = |l: &&Settled| l.perhaps.as_ref().is_none_or(|o| world.contains(o));
            let of = |layers: &[Settled]| layers.iter().filter(there).cloned().collect::<Vec<_>>();
            answers.push(self.compare(&of(before), &of(after), account)?);
        }
        let first = answers.first().map(|a| a.decision);
        match answers.iter().all(|a| Some(a.decision) == first) {
            true => Ok(answers.pop().unwrap_or_else(AccessAnswer::none)),
            false => {
                let names: Vec<&str> = organizations.iter().map(String::as_str).collect();
                let what = names.join(" and ");
                Ok(AccessAnswer::unknown(format!(
                    "it depends on the feature set of {what}, which is not in the inventory"
                )))
            }
        }
    }

    fn compare(&mut self, before: &[Settled], after: &[Settled], account: &str) -> Result<AccessAnswer, Failure> {
        if !self.are_placed_alike(before, after)? {
            return Ok(AccessAnswer::unknown("it is not known where some service control policies are attached"));
        }
        self.searched += 1;
        if self.searched > MAX_SEARCHED {
            return Ok(AccessAnswer::unknown(format!("more than {MAX_SEARCHED} stacks of layers changed")));
        }
        let unknown = |layers: &[Settled]| layers.iter().flat_map(|l| l.unknown.clone()).collect::<BTreeSet<_>>();
        let (outside, outside_now) = (unknown(before), unknown(after));
        if outside != outside_now {
            let names: Vec<String> = outside.symmetric_difference(&outside_now).cloned().collect();
            return Ok(AccessAnswer::unknown(format!("what {} says is not in the inventory", names.join(", "))));
        }
        let answer = access::new_access(&side(before, false), &side(after, false).in_account(account))?;
        if outside.is_empty() {
            return Ok(answer);
        }
        // whatever the policies outside say of a request: nothing, or that it is allowed; a denial is one on both sides
        let with = access::new_access(&side(before, true), &side(after, true).in_account(account))?;
        if answer.decision == NewRequests::None && with.decision == NewRequests::None {
            return Ok(answer);
        }
        let names: Vec<String> = outside.into_iter().collect();
        Ok(AccessAnswer::unknown(format!(
            "it depends on what {} says, which is not in the inventory",
            names.join(", ")
        )))
    }

    /// The policies of which it is not known where they are attached say the same, whatever they are called; or those that are gone
    /// stand, by a layer that denies as much, where it is known.
    fn are_placed_alike(&self, before: &[Settled], after: &[Settled]) -> Result<bool, Failure> {
        let unplaced = |layers: &[Settled]| -> BTreeSet<Option<usize>> {
            layers.iter().filter(|l| !l.placed).map(|l| l.number).collect()
        };
        let (old, new) = (unplaced(before), unplaced(after));
        if !new.is_subset(&old) {
            return Ok(false);
        }
        for gone in before.iter().filter(|l| !l.placed && !new.contains(&l.number)) {
            // beside it stands what allows everything
            let statements = gone.statements.iter().cloned().chain(everything_outside()).collect();
            let there = Settled { placed: true, statements: Rc::new(statements), ..gone.clone() };
            if !there.is_known() || !is_denied_by_one(&there, after)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Layer by layer, nothing is newly allowed: whatever a layer of old forbids, some layer of the new stack forbids. Then the stack
    /// allows nothing new either.
    fn no_layer_allows_more(&mut self, old: &Stack, new: &Stack) -> Result<bool, Failure> {
        let interned = self.interned;
        let kind = |number: &usize| interned.layers.get(*number).map(|l| l.name.split('[').next().unwrap_or_default());
        let name = |number: &usize| interned.layers.get(*number).map(|l| &l.name);
        for number in old.iter().filter(|n| !new.contains(n)) {
            if interned.layers.get(*number).is_some_and(Settled::allows_everything) {
                continue;
            }
            // that of the same level first: an account or a unit may have moved
            let mut successors: Vec<usize> = new.iter().filter(|n| kind(n) == kind(number)).copied().collect();
            successors.sort_by_key(|n| name(n) != name(number));
            let mut is_covered = false;
            for successor in successors {
                is_covered = self.layer(*number, successor)? == NewRequests::None;
                if is_covered {
                    break;
                }
            }
            if !is_covered {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn layer(&mut self, old: usize, new: usize) -> Result<NewRequests, Failure> {
        if let Some(decision) = self.layers.get(&(old, new)) {
            return Ok(*decision);
        }
        let decision = match (self.interned.layers.get(old), self.interned.layers.get(new)) {
            (Some(before), Some(after)) if before.is_known() && after.is_known() => {
                let sides = [before, after].map(|l| side(std::slice::from_ref(l), false));
                let [before, after] = &sides;
                access::new_access(before, after)?.decision
            }
            _ => NewRequests::Unknown,
        };
        self.layers.insert((old, new), decision);
        Ok(decision)
    }
}

impl Settled {
    /// One of which all is known.
    fn certain(name: &str, statements: Vec<Named>) -> Self {
        Self {
            name: name.to_owned(),
            of: String::new(),
            number: None,
            statements: Rc::new(statements),
            unknown: BTreeSet::new(),
            placed: true,
            perhaps: None,
        }
    }

    /// It denies nothing, for certain.
    fn allows_everything(&self) -> bool {
        let all = |s: &Statement| {
            let every = |negated: bool, texts: &[String]| !negated && texts.iter().any(|t| t == "*");
            let (actions, resources) = (&s.actions, &s.resources);
            let names_all = every(actions.negated, &actions.texts) && every(resources.negated, &resources.texts);
            names_all && s.conditions.is_empty() && s.principals.is_none()
        };
        let mut statements = self.statements.iter().map(|(_, s)| s);
        self.is_known() && statements.clone().all(|s| s.allow) && statements.any(all)
    }

    fn is_known(&self) -> bool {
        self.placed && self.unknown.is_empty() && self.perhaps.is_none()
    }
}

/// Whether one of these layers of service control policies denies whatever a layer does.
fn is_denied_by_one(layer: &Settled, layers: &[Settled]) -> Result<bool, Failure> {
    let had = side(std::slice::from_ref(layer), false);
    for now in layers.iter().filter(|l| l.is_known() && l.name.starts_with("serviceControl")) {
        if access::new_access(&had, &side(std::slice::from_ref(now), false))?.decision == NewRequests::None {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A side of settled layers. `open`: layers with policies outside the inventory allow everything that they do not deny.
fn side(layers: &[Settled], open: bool) -> access::Side {
    let policies = |layer: &Settled| {
        let mut statements: Vec<Named> = layer.statements.to_vec();
        if open && !layer.unknown.is_empty() {
            statements.extend(everything_outside());
        }
        // a policy a statement, so that each keeps its file
        settled::policies(statements)
    };
    access::Side::new(layers.iter().filter(|l| l.placed).map(|l| (l.name.as_str(), policies(l))).collect())
}
