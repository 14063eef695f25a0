//! The parents and the tags of an entity.

use std::collections::BTreeMap;

use super::Expander;
use super::ids::{Written, article, type_of_id, written};
use crate::inventory::entity::Uid;
use crate::inventory::schema::EntityType;
use crate::problem::Span;
use crate::text::json::Node;

impl Expander<'_> {
    pub(super) fn parents(&mut self, uid: &Uid, ty: &EntityType, node: &Node) -> Vec<(Uid, Span)> {
        let Some(parents) = node.get("parents") else {
            return Vec::new();
        };
        let Some(nodes) = parents.as_array() else {
            self.error(
                parents.span,
                format!("`parents` must be an array, but this is {}", parents.kind()),
                "write [ … ]",
            );
            return Vec::new();
        };
        nodes.iter().filter_map(|n| self.parent(uid, ty, n).map(|p| (p, n.span))).collect()
    }

    fn parent(&mut self, uid: &Uid, ty: &EntityType, node: &Node) -> Option<Uid> {
        let parent = match written(node) {
            Some(Written::Full(parent)) => parent,
            Some(Written::Bare(id)) => match (ty.parents.as_slice(), type_of_id(&id)) {
                ([only], _) => Uid::new(only, id),
                (_, Some(ty)) => Uid::new(ty, id),
                (_, None) => {
                    self.error(
                        node.span,
                        format!("`{id}` does not say which type it has"),
                        format!("write Type::\"{id}\""),
                    );
                    return None;
                }
            },
            None => {
                self.error(
                    node.span,
                    format!("a parent must be the uid of an entity, but this is {}", node.kind()),
                    "write its uid",
                );
                return None;
            }
        };
        let designation = uid.ty == "Account" && parent.ty == "OfflineAgreement";
        if !ty.parents.iter().any(|p| parent.ty == p.as_str()) || designation {
            let allowed: Vec<_> = ty.parents.iter().filter(|p| *p != "OfflineAgreement").cloned().collect();
            let help = match (designation, allowed.is_empty()) {
                (true, _) => "declare the account under `designations` of the offline agreement".to_owned(),
                (_, true) => format!("{} cannot have parents", article(&uid.ty)),
                _ => format!("its parents must be of type {}", allowed.join(" or ")),
            };
            self.error(node.span, format!("{} cannot be in {}", article(&uid.ty), article(&parent.ty)), help);
            return None;
        }
        Some(parent)
    }

    pub(super) fn tags(&mut self, uid: &Uid, ty: &EntityType, node: &Node) -> BTreeMap<String, String> {
        let Some(member) = node.member("tags") else {
            return BTreeMap::new();
        };
        if !ty.tags {
            let help = "accounts, principals and users of Identity Center can have tags";
            self.error(member.key_span, format!("{} cannot have tags", article(&uid.ty)), help);
            return BTreeMap::new();
        }
        let Some(members) = member.node.as_object() else {
            let message = format!("`tags` must be an object, but this is {}", member.node.kind());
            self.error(member.node.span, message, "write { \"Data\": \"PHI\" }");
            return BTreeMap::new();
        };
        let mut tags = BTreeMap::new();
        for tag in members {
            match tag.node.as_str() {
                Some(value) => drop(tags.insert(tag.key.clone(), value.to_owned())),
                None => {
                    let message = format!("the value of a tag must be a string, but this is {}", tag.node.kind());
                    self.error(tag.node.span, message, "put it in quotes");
                }
            }
        }
        tags
    }
}
