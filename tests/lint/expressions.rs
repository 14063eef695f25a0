//! A property of every language that policies are written in: any value may be any expression of it, none makes an error, and a slip
//! anywhere else is found all the same.

use countersign_core::lint::Finding;

use super::{Example, errors, lint, settings, told};

/// A text with places in it, `«…»`, each of which can be replaced.
struct Language {
    name: &'static str,
    text: &'static str,
    /// What may stand in place of any value.
    expressions: &'static [&'static str],
}

impl Language {
    fn pieces(&self) -> Vec<&'static str> {
        self.text.split(['«', '»']).collect()
    }

    /// The text with the place of this number replaced; an `action` that is written `@` is the given one.
    fn with(&self, place: Option<(usize, &str)>, action: &str) -> String {
        let piece = |(index, own): (usize, &&'static str)| match place {
            Some((at, expression)) if index == at => expression.to_owned(),
            _ => (*own).to_owned(),
        };
        self.pieces().iter().enumerate().map(piece).collect::<String>().replace('@', action)
    }
}

const LANGUAGES: [Language; 6] = [
    Language {
        name: "data.tf",
        text: r#"
data "aws_iam_policy_document" "x" {
  statement {
    sid       = «"A"»
    effect    = «"Allow"»
    actions   = [«"s3:GetObject"», "s3:PutObject"]
    resources = «["arn:aws:s3:::b/*"]»
    condition {
      test     = «"StringEquals"»
      variable = «"aws:PrincipalOrgID"»
      values   = «["o-exampleorgid"]»
    }
  }
  statement {
    sid           = "B"
    actions       = ["@"]
    not_resources = [«"arn:aws:s3:::c/*"»]
  }
}
"#,
        expressions: TERRAFORM,
    },
    Language {
        name: "jsonencode.tf",
        text: r#"
resource "aws_iam_policy" "x" {
  policy = jsonencode({
    Version = «"2012-10-17"»
    Statement = [
      { Sid = «"A"», Effect = «"Allow"», Action = «["s3:GetObject"]», Resource = [«"arn:aws:s3:::b/*"»],
        Condition = «{ StringEquals = { "aws:PrincipalOrgID" = "o-exampleorgid" } }» },
      «{ Effect = "Allow", Action = "s3:PutObject", Resource = "*" }»,
      { Effect = "Allow", Action = "@", Resource = «"*"» },
    ]
  })
}
"#,
        expressions: TERRAFORM,
    },
    Language {
        name: "template.yaml",
        text: r#"
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: «"2012-10-17"»
        Statement:
          - Sid: «A»
            Effect: «Allow»
            Action: [«"s3:GetObject"», "s3:PutObject"]
            Resource: «["arn:aws:s3:::b/*"]»
            Condition: {StringEquals: {"aws:PrincipalOrgID": «o-exampleorgid»}}
          - «{Effect: Allow, Action: "s3:PutObject", Resource: "*"}»
          - {Effect: Allow, Action: "@", Resource: «"*"»}
"#,
        expressions: &[
            "!Ref P1",
            "!Sub \"${P1}\"",
            "!Sub [\"${a}\", {a: !Ref P1}]",
            "!GetAtt A.B",
            "!ImportValue x",
            "!If [C, !Ref P1, !Ref \"AWS::NoValue\"]",
            "!If [C, !If [D, !Ref P1, !Ref P2], !Ref P2]",
            "!FindInMap [M, !Ref K, v]",
            "!Select [0, !Ref L]",
            "!Join [\"\", [!Ref A, !Ref B]]",
            "!Split [\",\", !Ref A]",
            "{\"Fn::Transform\": {Name: M, Parameters: {a: b}}}",
            "{\"Ref\": \"P1\"}",
            "!Ref \"AWS::AccountId\"",
            "!Sub \"${AWS::Partition}\"",
            "!Sub \"${A.B}-${AWS::Region}\"",
            "{\"Fn::Sub\": \"${P1}\"}",
            "{\"Fn::Sub\": [\"${a}\", {a: {Ref: P1}}]}",
            "{\"Fn::If\": [C, {Ref: P1}, {Ref: P2}]}",
            "{\"Fn::If\": [C, {Ref: \"AWS::NoValue\"}, {Ref: P2}]}",
            "{\"Fn::GetAtt\": [A, B]}",
            "{\"Fn::ImportValue\": {\"Fn::Sub\": \"${S}-x\"}}",
            "{\"Fn::Select\": [0, {\"Fn::Split\": [\",\", {Ref: P1}]}]}",
            "{\"Fn::Join\": [\"\", [{Ref: P1}, a]]}",
            "{\"Fn::FindInMap\": [M, {Ref: \"AWS::Region\"}, v]}",
            "{\"Fn::FindInMap\": [M, {Ref: K}, v, {DefaultValue: {Ref: D}}]}",
            "!FindInMap [M, !Select [0, !Ref L], v]",
            "!GetAZs \"\"",
            "{\"Fn::ToJsonString\": {Ref: P1}}",
            "{\"Fn::Base64\": {Ref: P1}}",
            "!Cidr [!Ref A, 1, 8]",
            "{\"Fn::Length\": {Ref: L}}",
            "\"{{resolve:ssm:/x}}\"",
            "\"{{resolve:secretsmanager:s:SecretString:k}}\"",
            "!ImportValue {\"Fn::Sub\": \"${S}-x\"}",
            "!Transform {Name: M, Parameters: {a: b}}",
            "!Select [0, !Split [\",\", !Ref A]]",
            "!If [C, !If [D, !Ref \"AWS::NoValue\", !Ref P1], !Ref \"AWS::NoValue\"]",
        ],
    },
    Language {
        name: "template.json.tpl",
        text: r#"{"Version": "2012-10-17", "Statement": [
  {"Sid": «"A"», "Effect": «"Allow"», "Action": [«"s3:GetObject"», "s3:PutObject"], "Resource": «["arn:aws:s3:::b/*"]»,
   "Condition": {"StringEquals": {"aws:PrincipalOrgID": «"o-exampleorgid"»}}},
  «{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}»,
  {"Effect": "Allow", "Action": "@", "Resource": «"*"»}
]}"#,
        expressions: &[
            "${x}",
            "\"${x}\"",
            "\"${ACCEL_LOOKUP::VPC_ID:OU:Infrastructure}\"",
            "${jsonencode(x)}",
            "${join(\",\", [\"a\"])}",
            "<like-this>",
            "\"<like-this>\"",
            "\"[MAX_AGE]\"",
            "{{ jinja }}",
            "\"{{ jinja }}\"",
            "\"{{ jinja | default('x') }}\"",
            "{{ jinja | tojson }}",
            "\"%{ if x }${a}%{ endif }\"",
            "%{ if x ~}\n\"${a}\"\n%{ endif ~}",
            "${x ? jsonencode(a) : jsonencode(b)}",
            "\"${x.y[0].z}\"",
            "\"${x[\"k\"]}\"",
            "${jsonencode([for s in l : \"${s}\"])}",
            "\"${ACCEL_LOOKUP::CUSTOMATT:x}\"",
            "\"<account id>\"",
            "\"{{ a }}{{ b }}\"",
            "\"${a}${b}\"",
        ],
    },
    Language {
        name: "main.tf.json",
        text: r#"{"data": {"aws_iam_policy_document": {"x": {"statement": [
  {"sid": «"A"», "effect": «"Allow"», "actions": [«"s3:GetObject"», "s3:PutObject"], "resources": «["arn:aws:s3:::b/*"]»,
   "condition": [{"test": «"StringEquals"», "variable": «"aws:PrincipalOrgID"», "values": «["o-exampleorgid"]»}]},
  {"sid": "B", "actions": ["@"], "not_resources": [«"arn:aws:s3:::c/*"»]}
]}}}}"#,
        expressions: &[
            "\"${var.x}\"",
            "\"${var.c ? var.a : null}\"",
            "\"${try(var.x, null)}\"",
            "\"${data.foo.bar.baz[0].qux}\"",
            "\"${module.m[\\\"k\\\"].out[*].id}\"",
            "\"${[for s in var.l : s]}\"",
            "\"${each.value.x}\"",
            "\"${var.x}${local.y}\"",
            "\"${concat(var.a, [])}\"",
            "\"${templatefile(\\\"x.tftpl\\\", { a = var.a })}\"",
            "\"%{ if var.x }${var.y}%{ endif }\"",
        ],
    },
    Language {
        name: "policy.yaml.tftpl",
        text: r#"
Version: «"2012-10-17"»
Statement:
  - Sid: «"A"»
    Effect: «"Allow"»
    Action: [«"s3:GetObject"», "s3:PutObject"]
    Resource: «["arn:aws:s3:::b/*"]»
    Condition: {StringEquals: {"aws:PrincipalOrgID": «"o-exampleorgid"»}}
  - {Effect: Allow, Action: "@", Resource: «"*"»}
"#,
        expressions: &[
            "\"${x}\"",
            "${x}",
            "\"{{ jinja }}\"",
            "{{ jinja }}",
            "\"<like-this>\"",
            "\"[MAX_AGE]\"",
            "%PLACE%",
            "\"%{ if x }${a}%{ endif }\"",
        ],
    },
];

const TERRAFORM: &[&str] = &[
    "var.x",
    "local.gone",
    "try(var.x, null)",
    "var.c ? var.a : var.b",
    "var.c ? var.a : null",
    "each.value.x",
    "each.value[\"x\"]",
    "data.foo.bar.baz[0].qux",
    "module.m.out",
    "module.m[\"k\"].out[*].id",
    "coalesce(var.a, var.b)",
    "lookup(var.m, \"k\", null)",
    "format(\"%s\", var.x)",
    "\"${var.x}\"",
    "\"${var.x}${local.y}\"",
    "provider::aws::arn_parse(var.x)",
    "[for s in var.l : s]",
    "{ for k, v in var.m : k => v }",
    "concat(var.a, [])",
    "flatten([var.a, var.b])",
    "compact([var.a])",
    "merge(var.a, var.b)",
    "jsondecode(file(\"x.json\"))",
    "element(split(\",\", var.x), 0)",
    "one(var.x[*].y)",
    "tolist(toset(var.x))",
    "(var.x)",
    "(<<EOT\n${var.x}\nEOT\n)",
    "self.x",
    "path.module",
    "terraform.workspace",
    "each.key",
    "count.index",
    "var.x[0]",
    "var.x[count.index].y",
    "var.x.*.y",
    "var.x[\"k\"][*].y[0]",
    "!var.x",
    "var.a == \"x\" ? var.b : var.c",
    "var.a != null ? var.a : try(var.b, null)",
    "(var.a && var.b) || var.c ? var.d : local.e",
    "\"%{ if var.x }${var.a}%{ endif }\"",
    "\"%{ if var.x }${var.a}%{ else }${var.b}%{ endif }\"",
    "\"%{ for s in var.l }${s}%{ endfor }\"",
    "[for s in var.l : s if s != \"\"]",
    "[for k, v in var.m : v.arn]",
    "[for s in toset(var.l) : \"${s}\" if can(s.x)]",
    "{ for k, v in var.m : k => v... }",
    "var.l[*]",
    "distinct(var.l)",
    "setunion(var.a, var.b)",
    "setsubtract(var.a, var.b)",
    "setintersection(var.a, var.b)",
    "setproduct(var.a, var.b)[0]",
    "formatlist(\"%s\", var.l)",
    "coalescelist(var.a, var.b)",
    "sort(var.l)",
    "reverse(var.l)",
    "slice(var.l, 0, 1)",
    "chunklist(var.l, 2)[0]",
    "range(var.n)",
    "keys(var.m)",
    "values(var.m)",
    "zipmap(var.a, var.b)",
    "join(\",\", var.l)",
    "split(\",\", var.x)",
    "replace(var.x, \"/a/\", \"b\")",
    "regex(\"a\", var.x)",
    "regexall(\"a\", var.x)",
    "trimsuffix(var.x, \"/\")",
    "trimspace(var.x)",
    "substr(var.x, 0, 3)",
    "title(lower(var.x))",
    "upper(var.x)",
    "tostring(var.x)",
    "toset(var.x)",
    "tomap(var.x)",
    "sensitive(var.x)",
    "nonsensitive(var.x)",
    "jsonencode(var.x)",
    "yamldecode(var.x)",
    "file(\"x.json\")",
    "file(\"${path.module}/x.json\")",
    "templatefile(\"x.tftpl\", { a = var.a })",
    "templatestring(var.t, { a = var.a })",
    "base64decode(var.x)",
    "try(local.x.y, local.z)",
    "try(var.x.y, null)",
    "lookup(var.m, var.k)",
    "element(var.l, count.index)",
    "one([for s in var.l : s])",
    "concat(var.a, var.b, local.c)",
    "flatten([for s in var.l : s.actions])",
    "compact(concat([var.a], var.b))",
    "alltrue([for s in var.l : s])",
    "provider::aws::arn_build(\"aws\", \"s3\", \"\", \"\", var.x)",
    "data.aws_partition.current.partition",
    "data.aws_iam_policy_document.other.json",
    "aws_s3_bucket.b.arn",
    "aws_s3_bucket.b[each.key].arn",
    "module.m[*].out",
    "module.m[each.key].out[\"k\"]",
    "(var.c ? [var.a] : [])[0]",
    "{ a = var.x }[\"a\"]",
    "[var.x, var.y][0]",
    "local.m[var.k].actions",
    "var.x /* a comment */",
];

/// Any value may be any expression: none makes an error, and a slip elsewhere is found all the same.
#[test]
fn no_expression_makes_an_error_or_hides_one() {
    let mut wrong = Vec::new();
    for language in LANGUAGES {
        let name = language.name;
        let read = |text: &str| lint(&[Example::new(name, text)], &settings("")).findings;
        assert_eq!(errors(&read(&language.with(None, "s3:ListBucket"))), Vec::<String>::new(), "{name}");
        let places = (1..language.pieces().len()).step_by(2);
        for (place, expression) in places.flat_map(|p| language.expressions.iter().map(move |e| (p, e))) {
            let what = format!("{name}: {} replaced by {expression}", language.pieces()[place]);
            let found = read(&language.with(Some((place, expression)), "s3:ListBucket"));
            wrong.extend(errors(&found).into_iter().map(|e| format!("{what}: {e}")));
            assert!(!told(&found).iter().any(|t| t.contains('\u{FDD0}')), "{what}");
            let slipped = read(&language.with(Some((place, expression)), "s3:LsitBucket"));
            let is_slip = |f: &Finding| f.rule.code == "CS121" && f.message.contains("s3:LsitBucket");
            if !slipped.iter().any(is_slip) {
                wrong.push(format!("{what}: the slip is not found: {:?}", told(&slipped)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A template that has two values where one stands is read with either.
#[test]
fn a_template_with_two_values_for_one_is_read_with_either() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": %{ if x }"s3:GetObject"%{ else }"s3:PutObject"%{ endif }, "Resource": "*"}]}"#;
    let found = lint(&[Example::new("template.json.tpl", text)], &settings("")).findings;
    assert_eq!(errors(&found), Vec::<String>::new());
    assert!(!found.iter().any(|f| f.rule.code == "CS116"), "{:#?}", told(&found));
}
