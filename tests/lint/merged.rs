//! Documents of Terraform that become a part of others: laid over each other by `Sid`, as the provider does.

use super::*;

/// A document of a name, with statements `(Sid, action)`.
fn document(name: &str, attributes: &str, statements: &[(&str, &str)]) -> String {
    let statement = |(sid, action): &(&str, &str)| {
        format!("  statement {{\n    sid = \"{sid}\"\n    actions = [\"{action}\"]\n    resources = [\"*\"]\n  }}\n")
    };
    let statements: String = statements.iter().map(statement).collect();
    format!("data \"aws_iam_policy_document\" \"{name}\" {{\n  {attributes}\n{statements}}}\n")
}

fn of(name: &str) -> String {
    format!("data.aws_iam_policy_document.{name}.json")
}

const USED: &str = "resource \"aws_iam_policy\" \"p\" {\n  policy = data.aws_iam_policy_document.x.json\n}\n";

/// The provider: "duplicate Sid (A) in source_policy_documents": of `source_json` too, but neither of the document's own nor of what overrides.
#[test]
fn sources_with_the_same_sid_are_refused() {
    let parts = [document("a", "", &[("A", "s3:GetObject")]), document("b", "", &[("A", "s3:PutObject")])].concat();
    let repeated = |attributes: &str, own: &[(&str, &str)]| {
        let text = [parts.as_str(), &document("x", attributes, own), USED].concat();
        errors(&findings("x.tf", &text)).len()
    };
    let (a, b) = (of("a"), of("b"));
    assert_eq!(repeated(&format!("source_policy_documents = [{a}, {b}]"), &[]), 1);
    assert_eq!(repeated(&format!("source_policy_documents = concat([{a}], [{b}])"), &[]), 1);
    assert_eq!(repeated(&format!("source_json = {a}\n  source_policy_documents = [{b}]"), &[]), 1);
    assert_eq!(repeated(&format!("source_policy_documents = [{a}]"), &[("A", "s3:ListBucket")]), 0);
    assert_eq!(repeated(&format!("override_policy_documents = [{a}, {b}]"), &[]), 0);
    assert_eq!(repeated(&format!("source_policy_documents = [var.c ? {a} : {b}]"), &[]), 0, "one of the two");
    assert_eq!(repeated(&format!("source_policy_documents = [{a}, var.c ? {b} : \"\"]"), &[]), 0, "perhaps");
    let more = format!("source_policy_documents = [{a}, var.more, {b}]");
    assert_eq!(repeated(&more, &[]), 1, "what is unknown silences only what depends on it");
}

/// What is sent is the whole, without what another statement takes the place of.
#[test]
fn the_size_is_that_of_the_whole() {
    let long = "s3:GetObject\", \"".to_owned()
        + &(0..200).map(|n| format!("s3:GetObject{n:03}*")).collect::<Vec<_>>().join("\", \"");
    let one = document("one", "", &[("A", &long)]);
    let is_large = |attributes: &str, sid: &str, more: &str| {
        let text = [one.as_str(), more, &document("x", attributes, &[(sid, &long)]), USED].concat();
        codes(&findings("x.tf", &text)).contains("CS113")
    };
    let source = format!("source_policy_documents = [{}]", of("one"));
    assert!(!is_large("", "B", ""), "alone it is not");
    assert!(is_large(&source, "B", ""));
    assert!(!is_large(&source, "A", ""), "its own takes the place of the source's");
    assert!(!is_large(&format!("source_policy_documents = [{}, var.x]", of("one")), "B", ""), "not known");
    let written = format!(
        "override_json = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Sid = \"C\", Effect = \"Allow\", Action = [\"{long}\"], Resource = \"*\" }}] }})"
    );
    assert!(is_large(&written, "B", ""), "one that is written there");
    let nested = document("two", &source, &[]);
    assert!(is_large(&format!("source_policy_documents = [{}]", of("two")), "B", &nested), "a part of a part");
}

/// A denial that another document overrides denies nothing.
#[test]
fn what_overrides_takes_the_place() {
    let allow = "data \"aws_iam_policy_document\" \"allow\" {\n  statement {\n    sid = \"A\"\n    actions = [\"artifact:GetAgreement\", \"artifact:GetNdaForAgreement\", \"artifact:AcceptNdaForAgreement\", \"artifact:ListAgreements\"]\n    resources = [\"*\"]\n  }\n}\n";
    let fires = |attribute: &str, sid: &str| {
        let own = document("x", &format!("{attribute} = [{}]", of("allow")), &[(sid, "artifact:AcceptAgreement")]);
        codes(&findings("x.tf", &[allow, &own, USED].concat())).contains("CS151")
    };
    assert!(!fires("source_policy_documents", "B"), "it can open what it accepts");
    assert!(!fires("override_policy_documents", "B"));
    assert!(fires("source_policy_documents", "A"), "its own statement takes the place of the other");
    assert!(!fires("override_policy_documents", "A"), "the other takes the place of its own: nothing is accepted");
}

/// Documents that are parts of parts many times over are read once each, and no further than a policy can be large: the typo is found all
/// the same.
#[test]
fn parts_of_parts_take_no_work_of_their_own() {
    let all = |name: &str| vec![of(name); 12].join(", ");
    let mut text = document("d9", "", &[("", "s3:GetObjct")]);
    for level in (0..9).rev() {
        let parts = format!("source_policy_documents = [{}]", all(&format!("d{}", level + 1)));
        text.push_str(&document(&format!("d{level}"), &parts, &[("", "s3:ListBucket")]));
    }
    // and one that is a part of itself
    text.push_str(&document("x", &format!("source_policy_documents = [{}, {}]", all("x"), all("d0")), &[]));
    let found = findings("x.tf", &(text + USED));
    assert_eq!(codes(&found).iter().filter(|code| **code == "CS121").count(), 1, "{:?}", told(&found));
}

/// The provider writes a list of one value as that value: 63 statements of one action and one resource have room, 64 of two have not.
#[test]
fn a_list_of_one_is_a_text() {
    let statement = |index: usize, more: &str| {
        format!(
            "  statement {{\n    sid       = \"Allow{index:03}\"\n    actions   = [\"s3:GetObject\"{more}]\n    resources = [\"arn:aws:s3:::bucket-{index:04}/*\"]\n  }}\n"
        )
    };
    // {"Sid":"Allow000","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket-0000/*"} has 99 characters, and a comma
    let around = "{\"Version\":\"2012-10-17\",\"Statement\":[]}".len();
    let fits = (6_144 - around + 1) / 100;
    let is_large = |count: usize, more: &str| {
        let statements: String = (0..count).map(|index| statement(index, more)).collect();
        let text = format!("data \"aws_iam_policy_document\" \"x\" {{\n{statements}}}\n{USED}");
        codes(&findings("x.tf", &text)).contains("CS113")
    };
    assert!(!is_large(fits, "") && is_large(fits + 1, ""));
    assert!(is_large(fits, ", \"s3:GetObjectAcl\""));
    // what stands twice is one
    assert!(!is_large(fits, ", \"s3:GetObject\""));
}

/// What another document takes the place of is not sent: that it is not whole is no error, and neither is its second `Sid` where what
/// overrides is laid over each other. What stands in one whole stands.
#[test]
fn what_is_replaced_is_not_judged_as_if_it_stood() {
    let bare = |name: &str, attributes: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"{name}\" {{\n  {attributes}\n  statement {{\n    sid = \"A\"\n    actions = [\"s3:GetObject\"]\n  }}\n}}\n"
        )
    };
    let whole = |attributes: &str| document("x", attributes, &[("A", "s3:GetObject")]) + USED;
    let told = |text: String| errors(&findings("x.tf", &text)).len();
    let source = format!("source_policy_documents = [{}]", of("base"));
    assert_eq!(told(bare("base", "") + &whole(&source)), 0, "replaced");
    assert_eq!(told(bare("base", "") + &whole("")), 1, "it stands");
    let other = "resource \"aws_iam_policy\" \"q\" {\n  policy = data.aws_iam_policy_document.base.json\n}\n";
    assert_eq!(told(bare("base", "") + &whole(&source) + other), 1, "it is used as it is, too");
    let over = format!("override_policy_documents = [{}]", of("over"));
    let over_base = document("over", "", &[("A", "s3:GetObject")]) + &bare("x", &over) + USED;
    assert_eq!(told(over_base), 0, "its own is replaced");
    // a part of a part is what the last whole makes of it
    let middle = document("mid", &source, &[("B", "s3:ListBucket")]);
    let by_middle = format!("source_policy_documents = [{}]", of("mid"));
    assert_eq!(told(bare("base", "") + &middle + &whole(&by_middle)), 0);
    let twice = |attribute: &str| {
        let one = "{ Sid = \"A\", Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"*\" }";
        let parts = format!("{attribute} = [jsonencode({{ Version = \"2012-10-17\", Statement = [{one}, {one}] }})]");
        codes(&findings("x.tf", &whole(&parts))).contains("CS110")
    };
    assert!(twice("source_policy_documents"), "the provider refuses it");
    assert!(!twice("override_policy_documents"), "the later takes the place of the earlier");
}
