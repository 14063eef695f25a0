//! Who can act in which account, and which layers of policies they are under.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use super::caller;
use super::context::KeyValue;
use super::controls::Controls;
use super::everyone::Everyone;
use super::form::{Form, path_of};
use super::knowledge::{Knowledge, Known, VIA_SERVICE};
use super::layer::{Documents, Layer};
use super::moment::{Declared, NotKnown, Stands, Then};
use super::partial_arn::PartialArn;
use super::scenarios::{Memo, Stack};
use super::session_tags;
use crate::aws;
use crate::inventory::builtin::{FULL_AWS_ACCESS, FULL_RESOURCE_ACCESS, full_resource_access, is_full_resource_access};
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::inventory::tree::{Position, Tree};
use crate::inventory::{Inventory, Policy};
use crate::moment::{self, Moment};
use crate::problem::Failure;
use crate::terms::PrincipalKind;

/// A person behind a permission set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The id of the user in Identity Center.
    #[serde(skip)]
    pub id: String,
    /// The user name in Identity Center.
    pub user_name: String,
    /// The group that the permission set is assigned to, if it is not assigned to the person.
    pub group: Option<String>,
}

impl Person {
    /// Whether a name is theirs: what they sign in with, or their id.
    pub fn is_called(&self, name: &str) -> bool {
        self.user_name == name || self.id == name
    }
}

/// A group that a permission set is assigned to, and of which the inventory names no member: whoever is in it acts too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenGroup {
    /// The id of the group in Identity Center.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Who a principal is, without what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its ARN; that of a permission set's role ends in `*` unless the role is in the inventory.
    pub arn: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// The account that it acts in.
    pub account: String,
    /// Its entity.
    pub uid: Uid,
    /// What people call it: the last part of its ARN, or the name of its permission set.
    pub name: String,
    /// The people behind it, for a permission set.
    pub people: Arc<[Person]>,
    /// The groups behind it whose members are not named.
    pub groups: Arc<[OpenGroup]>,
}

/// A principal in an account.
pub struct Principal {
    /// Its ARN; that of a permission set's role ends in `*` unless the role is in the inventory.
    pub arn: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// The account that it acts in.
    pub account: String,
    /// Its entity.
    pub uid: Uid,
    /// What people call it: the last part of its ARN, or the name of its permission set.
    pub name: String,
    /// The people behind it, for a permission set.
    pub people: Arc<[Person]>,
    /// The groups behind it whose members are not named.
    pub groups: Arc<[OpenGroup]>,
    /// The layers that it is under.
    pub stack: Stack,
    /// What is known of its requests.
    pub knowledge: Knowledge,
    /// What is taken for granted about its policies.
    pub assuming: Arc<[String]>,
    /// What was found of its calls.
    pub memo: Memo,
}

impl Principal {
    /// Who it is.
    pub fn identity(&self) -> Identity {
        let Self { arn, kind, account, uid, name, people, groups, .. } = self;
        Identity {
            arn: arn.clone(),
            kind: *kind,
            account: account.clone(),
            uid: uid.clone(),
            name: name.clone(),
            people: people.clone(),
            groups: groups.clone(),
        }
    }

    /// Who it was.
    pub(crate) fn into_identity(self) -> Identity {
        let Self { arn, kind, account, uid, name, people, groups, .. } = self;
        Identity { arn, kind, account, uid, name, people, groups }
    }
}

impl Identity {
    pub(super) fn new(kind: PrincipalKind, account: &Account, arn: String, uid: Uid) -> Self {
        let name = arn.rsplit(['/', ':']).next().unwrap_or(&arn).to_owned();
        Self { arn, kind, account: account.id.clone(), uid, name, people: Arc::default(), groups: Arc::default() }
    }
}

/// Builds principals, sharing the layers that they share.
pub struct Directory<'a> {
    inventory: &'a Inventory,
    tree: &'a Tree,
    at: Moment,
    settled: &'a BTreeMap<String, Vec<String>>,
    everyone: Arc<Everyone<'a>>,
    layers: HashMap<String, Rc<Layer>>,
    /// The documents of control policies, by their ids.
    documents: HashMap<Vec<String>, Rc<Documents>>,
    /// Those of principals by themselves.
    own: Layers,
    /// The same with a policy that nobody has outside the account that was asked about last.
    passing: Layers,
    any_request: bool,
    /// Where accounts stand at the moment asked; as in the snapshot where nothing tells it.
    stands: Option<Stands<'a>>,
}

/// Layers by their names, and the ids of their policies.
type Layers = HashMap<&'static str, HashMap<Vec<String>, Rc<Layer>>>;

/// What all principals of an account share.
struct Around {
    /// The layers of service control policies.
    layers: Vec<Rc<Layer>>,
    /// What is taken for granted about them.
    assuming: Arc<[String]>,
    /// What is known of their requests.
    knowledge: Arc<Knowledge>,
}

/// The policies of a principal, before they are layers.
#[derive(Default)]
pub struct Attached {
    /// Their ids.
    pub policies: Vec<String>,
    /// The id of the permissions boundary.
    pub boundary: Option<String>,
}

impl<'a> Directory<'a> {
    /// A directory of an inventory. `settled` are the keys of `--context` and `[context]`.
    pub fn new(
        inventory: &'a Inventory,
        tree: &'a Tree,
        at: Moment,
        settled: &'a BTreeMap<String, Vec<String>>,
    ) -> Self {
        Self::sharing(inventory, tree, (at, settled), Arc::new(Everyone::new(inventory, tree)))
    }

    /// The same, where it was found before who can act where.
    pub(crate) fn sharing(
        inventory: &'a Inventory,
        tree: &'a Tree,
        (at, settled): (Moment, &'a BTreeMap<String, Vec<String>>),
        everyone: Arc<Everyone<'a>>,
    ) -> Self {
        Self {
            inventory,
            tree,
            at,
            settled,
            everyone,
            layers: HashMap::new(),
            documents: HashMap::new(),
            own: HashMap::new(),
            passing: HashMap::new(),
            any_request: false,
            stands: None,
        }
    }

    /// The same for any request: nothing is assumed or settled, and the moment of a request may be any.
    #[must_use]
    pub fn of_any_request(mut self, any: bool) -> Self {
        self.any_request = any;
        self
    }

    /// The same with accounts where they stand at the moment asked.
    #[must_use]
    pub fn standing(mut self, stands: Stands<'a>) -> Self {
        self.stands = Some(stands);
        self
    }

    /// Where an account stands.
    pub(crate) fn then(&self, account: &Account) -> Result<Then, Failure> {
        match &self.stands {
            Some(stands) => Ok(Then::at(self.tree, account, stands(account)?.as_ref())),
            None => Ok(Then::now(self.tree, account)),
        }
    }

    /// All principals, by account and ARN; every account has its root.
    pub fn all(&mut self) -> Result<Vec<Principal>, Failure> {
        self.those(|_| true)
    }

    /// The principals that are wanted, by account and ARN. Of the others no layer is made.
    pub fn those(&mut self, wanted: impl Fn(&Identity) -> bool) -> Result<Vec<Principal>, Failure> {
        let mut found = Vec::new();
        for account in self.tree.accounts.values() {
            found.extend(self.of_account(account, &wanted)?);
        }
        Ok(found)
    }

    /// Those of one account, by ARN.
    pub fn of_account(
        &mut self,
        account: &Account,
        wanted: impl Fn(&Identity) -> bool,
    ) -> Result<Vec<Principal>, Failure> {
        let then = self.then(account)?;
        self.of_account_at((account, &then), wanted)
    }

    /// The same where it is known where the account stands.
    pub(crate) fn of_account_at(
        &mut self,
        (account, then): (&Account, &Then),
        wanted: impl Fn(&Identity) -> bool,
    ) -> Result<Vec<Principal>, Failure> {
        let everyone = self.everyone.of_account(account).into_iter();
        let wanted: Vec<(Identity, Attached)> = everyone.filter(|(identity, _)| wanted(identity)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.passing.clear();
        let around = self.around(account, then);
        wanted.into_iter().map(|(identity, attached)| self.principal(identity, &around, attached)).collect()
    }

    /// The layers that only principals of the account have which was asked about last.
    pub(crate) fn passing(&self) -> impl Iterator<Item = &Rc<Layer>> {
        self.passing.values().flat_map(HashMap::values)
    }

    fn around(&mut self, account: &Account, then: &Then) -> Around {
        let mut assuming = Vec::new();
        let layers = self.service_control(account, then, &mut assuming);
        let mut knowledge = of_account(account, self.at);
        self.organization_keys(&mut knowledge, then);
        Around { layers, assuming: assuming.into(), knowledge: Arc::new(knowledge) }
    }

    /// Who the principals are, by account and ARN.
    pub fn identities(&self) -> Vec<Identity> {
        let accounts = self.tree.accounts.values();
        accounts.flat_map(|a| self.everyone.of_account(a)).map(|(identity, _)| identity).collect()
    }

    /// Those that a name may stand for: an ARN, the name of a principal, or that of a person behind it.
    pub fn called(&self, name: &str) -> Vec<Identity> {
        let accounts = self.tree.accounts.values().filter(|a| self.everyone.may_have(a, name));
        let all = accounts.flat_map(|a| self.everyone.of_account(a)).map(|(identity, _)| identity);
        let is = |i: &Identity| i.arn == name || i.name == name || i.people.iter().any(|p| p.is_called(name));
        all.filter(is).collect()
    }

    fn principal(&mut self, identity: Identity, around: &Around, attached: Attached) -> Result<Principal, Failure> {
        let Identity { arn, kind, account, uid, name, people, groups } = identity;
        let (mut assuming, mut layers) = (Arc::default(), Vec::with_capacity(around.layers.len() + 2));
        if kind != PrincipalKind::Root {
            layers.push(self.layer("identity", attached.policies));
            if let Some(boundary) = attached.boundary {
                layers.push(self.layer("boundary", vec![boundary]));
            }
        }
        if !is_service_linked(&arn) {
            layers.extend(around.layers.iter().cloned());
            assuming = around.assuming.clone();
        }
        let mut knowledge = Knowledge::of_account(around.knowledge.clone());
        of_caller(&mut knowledge, kind, &arn);
        let entity = self.inventory.entities.get(&uid);
        let trust = entity.and_then(|e| self.inventory.policies.get(e.reference("trustPolicy")?));
        session_tags::insert(&mut knowledge, (kind, &arn), entity, trust);
        knowledge.settle_all(self.settled)?;
        if self.any_request {
            knowledge = knowledge.of_any_request();
        }
        let (stack, memo) = (Stack { layers, of_resource: None }, Memo::default());
        Ok(Principal { arn, kind, account, uid, name, people, groups, stack, knowledge, assuming, memo })
    }

    /// A layer of these policies, shared by all that have the same.
    fn layer(&mut self, name: &'static str, mut ids: Vec<String>) -> Rc<Layer> {
        ids.sort();
        ids.dedup();
        let passing = ids.iter().any(|id| self.everyone.is_of_one_account(id));
        let layers = if passing { &self.passing } else { &self.own };
        if let Some(layer) = layers.get(name).and_then(|layers| layers.get(&ids)) {
            return layer.clone();
        }
        let of = if ids.is_empty() { "no policy".to_owned() } else { ids.join(", ") };
        let layer = Rc::new(Layer::of_documents(name, of, self.documents(ids.clone())));
        let layers = if passing { &mut self.passing } else { &mut self.own };
        layers.entry(name).or_default().insert(ids, layer.clone());
        layer
    }

    fn documents(&self, ids: Vec<String>) -> Rc<Documents> {
        let inventory = self.inventory;
        let document = |id: &str| -> Option<&'a Policy> {
            inventory.policies.get(id).or_else(|| is_full_resource_access(id).then(full_resource_access))
        };
        Rc::new(Documents::new(ids, document))
    }

    /// The layer of a key, made once. `placed` is false for policies of which it is not known where they are attached.
    fn shared(&mut self, key: String, name: &str, of: &str, ids: Vec<String>, placed: bool) -> Rc<Layer> {
        if let Some(layer) = self.layers.get(&key) {
            return layer.clone();
        }
        // many units have the same policies
        let documents = match self.documents.get(&ids) {
            Some(documents) => documents.clone(),
            None => {
                let documents = self.documents(ids.clone());
                self.documents.insert(ids, documents.clone());
                documents
            }
        };
        let layer = Rc::new(Layer { placed, ..Layer::of_documents(name, of, documents) });
        self.layers.insert(key, layer.clone());
        layer
    }

    /// One layer a level: the root, each unit on the path, the account. They bind members, their root included, never the
    /// management account, and exist with all features only: where the feature set is not known, they perhaps exist.
    pub(crate) fn service_control(
        &mut self,
        account: &Account,
        then: &Then,
        assuming: &mut Vec<String>,
    ) -> Vec<Rc<Layer>> {
        let tree = self.tree;
        let declares = |node: Declared<'_>| match node {
            Declared::Organization(id) => {
                tree.organizations.get(id).is_some_and(|o| o.scps.is_some() || !o.unplaced.is_empty())
            }
            Declared::Unit(id) => tree.units.get(id).is_some_and(|u| u.scps.is_some()),
            Declared::Account(id) => tree.accounts.get(id).is_some_and(|a| a.scps.is_some()),
        };
        let may_bind = then.may_bind(account, tree, declares);
        let mut layers = self.service_control_known(account, then, assuming);
        if may_bind {
            let of = then.not_known("service control policies", account);
            layers.push(self.shared(of.clone(), "serviceControl[?]", &of, vec![of.clone()], false));
        }
        self.as_they_exist(layers, &then.position)
    }

    /// Those of which it is known that they bind.
    fn service_control_known(&mut self, account: &Account, then: &Then, assuming: &mut Vec<String>) -> Vec<Rc<Layer>> {
        let standing = &then.position;
        let Some(organization) = standing.organization.as_ref().and_then(|o| self.tree.organizations.get(o)) else {
            return Vec::new();
        };
        if organization.all_features == Some(false) || organization.management_account == account.id {
            return Vec::new();
        }
        let mut nodes = vec![(organization.id.clone(), organization.scps.clone())];
        let units = standing.path.iter().filter_map(|u| self.tree.units.get(u));
        nodes.extend(units.map(|u| (u.id.clone(), u.scps.clone())));
        // what is attached to the account is attached where it is now
        if then.unknown.is_none() {
            nodes.push((account.id.clone(), account.scps.clone()));
        }
        let mut layers = Vec::new();
        for (level, (node, policies)) in nodes.into_iter().enumerate() {
            let name = format!("serviceControl[{level}]");
            match policies {
                Some(attached) => {
                    let mut ids = attached.policies;
                    if !attached.complete {
                        ids.push(FULL_AWS_ACCESS.to_owned());
                        assuming.push(format!(
                            "{FULL_AWS_ACCESS} is attached to {node}: not all of its service control policies are known"
                        ));
                    }
                    layers.push(self.shared(format!("{name} {node}"), &name, &node, ids, true));
                }
                // FullAWSAccess allows everything: the layer need not be asked
                None => assuming
                    .push(format!("{FULL_AWS_ACCESS} is attached to {node}: it declares no service control policies")),
            }
        }
        for id in &organization.unplaced {
            let name = "serviceControl[?]";
            layers.push(self.shared(format!("unplaced {id}"), name, id, vec![id.clone()], false));
        }
        layers
    }

    /// What binds the resources of an account, one layer a level, as service control policies bind its principals. RCPFullAWSAccess is
    /// always attached, so a level that declares no policies does not restrict. Those of which it is not known where they are attached
    /// may deny anywhere.
    pub(crate) fn resource_control(&mut self, account: &Account, then: &Then) -> Vec<Rc<Layer>> {
        let Controls { levels, unplaced } = Controls::at(self.tree, account, then);
        let mut layers = Vec::new();
        for (level, (node, mut ids)) in levels.into_iter().enumerate() {
            if ids.is_empty() {
                continue;
            }
            ids.push(FULL_RESOURCE_ACCESS.to_owned());
            let name = format!("resourceControl[{level}]");
            layers.push(self.shared(format!("{name} {node}"), &name, &node, ids, true));
        }
        for id in &unplaced {
            let name = "resourceControl[?]";
            layers.push(self.shared(format!("unplaced {id}"), name, id, vec![id.clone()], false));
        }
        self.as_they_exist(layers, &then.position)
    }

    /// Layers of control policies, which exist with all features only: where the feature set is not declared, each is there or not.
    fn as_they_exist(&mut self, layers: Vec<Rc<Layer>>, standing: &Position) -> Vec<Rc<Layer>> {
        let organization = standing.organization.as_ref().and_then(|o| self.tree.organizations.get(o));
        let Some(organization) = organization.filter(|o| o.all_features.is_none()) else {
            return layers;
        };
        let perhaps = |layer: Rc<Layer>| {
            let key = format!("featureSet {} {} {}", organization.id, layer.name, layer.of);
            self.layers.entry(key).or_insert_with(|| Rc::new(layer.perhaps_of(&organization.id))).clone()
        };
        layers.into_iter().map(perhaps).collect()
    }

    /// What is known of a request on a resource of an account from where the account stands, in lower case.
    pub(crate) fn resource_keys(&self, account: &str, standing: &Then) -> Vec<(&'static str, Known)> {
        let mut of = Knowledge::default();
        self.organization_keys(&mut of, standing);
        let mut keys = vec![("aws:resourceaccount", Known::Value(KeyValue::One(account.to_owned())))];
        // a key of which nothing is known is left open
        for (key, same) in
            [("aws:resourceorgid", "aws:principalorgid"), ("aws:resourceorgpaths", "aws:principalorgpaths")]
        {
            keys.extend(of.get(same).map(|known| (key, known.clone())));
        }
        keys
    }

    pub(crate) fn organization_keys(&self, knowledge: &mut Knowledge, then: &Then) {
        if then.unknown == Some(NotKnown::Organization) {
            return;
        }
        let standing = &then.position;
        let Some(id) = &standing.organization else {
            for key in ["aws:principalorgid", "aws:principalorgpaths", "aws:principalorgmasteraccountid"] {
                knowledge.insert(key, Known::Absent);
            }
            return;
        };
        knowledge.set("aws:principalorgid", id);
        if let Some(organization) = self.tree.organizations.get(id) {
            knowledge.set("aws:principalorgmasteraccountid", &organization.management_account);
        }
        // the root is told by the units of the organization; where the account stands elsewhere now, its units then are not known
        let root = self.tree.root_id(id);
        let units = then.unknown.is_none().then_some(standing.path.as_slice());
        let path = match (root, units) {
            (Some(root), Some(units)) => Known::Value(KeyValue::Many(vec![path_of(id, root, units)])),
            _ => Known::ManyOfForm(Form::path(id, root, units)),
        };
        knowledge.insert("aws:principalorgpaths", path);
    }
}

/// Whether a role is linked to a service: service control policies do not affect it.
pub fn is_service_linked(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/")
}

/// What the moment says of the requests of all principals of an account, and what is assumed (DESIGN §4).
fn of_account(account: &Account, at: Moment) -> Knowledge {
    let mut knowledge = Knowledge::default();
    knowledge.set("aws:currenttime", moment::format(at));
    knowledge.set("aws:epochtime", at.timestamp().to_string());
    let region = aws::region_of(&account.partition);
    knowledge.assume("aws:requestedregion", KeyValue::One(region.to_owned()));
    knowledge.assume("aws:securetransport", KeyValue::One("true".to_owned()));
    knowledge.assume(VIA_SERVICE, KeyValue::One("false".to_owned()));
    knowledge
}

/// What the inventory says of a principal's requests by its ARN.
fn of_caller(knowledge: &mut Knowledge, kind: PrincipalKind, arn: &str) {
    // a permission set is known by the start of its role's ARN
    caller::keys(arn.trim_end_matches('*')).into_iter().for_each(|(key, known)| knowledge.insert(key, known));
    if let (Some(stem), PrincipalKind::PermissionSet) = (arn.strip_suffix('*'), kind) {
        let parts: Vec<&str> = stem.splitn(6, ':').collect();
        if let ["arn", partition, "iam", "", account, resource] = parts.as_slice() {
            knowledge.insert("aws:principalarn", Known::Like(PartialArn::of_set(partition, account, resource)));
        }
    }
}
