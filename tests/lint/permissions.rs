//! Resources that stand for one statement of the policy of a function, a layer or an event bus.

use super::{Example, findings, lint, settings, told};

const SECURITY: &str = "[lint]\nprofile = \"security\"\n";

fn in_terraform(ty: &str, attributes: &str) -> String {
    format!("resource \"{ty}\" \"p\" {{\n  function_name = aws_lambda_function.f.function_name\n{attributes}\n}}\n")
}

fn codes(name: &str, text: &str) -> Vec<String> {
    let found = lint(&[Example::new(name, text)], &settings(SECURITY)).findings;
    found.iter().map(|f| format!("{} {}", f.rule.code, f.severity.word())).collect()
}

/// As Terraform, and as CloudFormation.
#[test]
fn a_permission_is_judged_as_a_statement_of_its_function() {
    for (attributes, expected) in [
        (
            "action = \"lambda:InvokeFunction\"\nprincipal = \"s3.amazonaws.com\"\nsource_arn = aws_s3_bucket.b.arn\nsource_account = var.account",
            vec![],
        ),
        (
            "action = \"lambda:InvokeFunction\"\nprincipal = \"events.amazonaws.com\"\nsource_arn = \"arn:aws:events:us-east-1:111122223333:rule/r\"",
            vec![],
        ),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"111122223333\"", vec![]),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"arn:aws:iam::111122223333:role/r\"", vec![]),
        (
            "action = \"lambda:InvokeFunction\"\nprincipal = \"alexa-appkit.amazon.com\"\nevent_source_token = \"amzn1.ask.skill.x\"",
            vec![],
        ),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"*\"\nprincipal_org_id = \"o-a1b2c3d4e5\"", vec![]),
        ("action = \"lambda:InvokeFunction\"\nprincipal = var.principal", vec![]),
        ("action = var.action\nprincipal = \"logs.${var.region}.amazonaws.com\"", vec![]),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"s3.amazonaws.com\"", vec!["CS205 info"]),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"*\"", vec!["CS204 warning"]),
        (
            "action = \"lambda:InvokeFunctionUrl\"\nprincipal = \"*\"\nfunction_url_auth_type = \"NONE\"",
            vec!["CS204 warning"],
        ),
        ("action = \"lambda:InvokeFunctio\"\nprincipal = \"111122223333\"", vec!["CS121 error"]),
        ("action = \"s3:GetObject\"\nprincipal = \"111122223333\"", vec!["CS125 error"]),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"11112222333\"", vec!["CS128 error"]),
        ("action = \"lambda:InvokeFunction\"\nprincipal = \"arn:aws:iam::111122223333:group/g\"", vec!["CS128 error"]),
    ] {
        let text = in_terraform("aws_lambda_permission", attributes);
        assert_eq!(codes("p.tf", &text), expected, "{text}");
    }
    let template = |properties: &str| {
        format!(
            "Resources:\n  P:\n    Type: AWS::Lambda::Permission\n    Properties:\n      FunctionName: !Ref F\n{properties}"
        )
    };
    for (properties, expected) in [
        (
            "      Action: lambda:InvokeFunction\n      Principal: s3.amazonaws.com\n      SourceAccount: !Ref AWS::AccountId\n",
            vec![],
        ),
        ("      Action: lambda:InvokeFunction\n      Principal: !Sub '${Service}.amazonaws.com'\n", vec![]),
        ("      Action: lambda:InvokeFunction\n      Principal: s3.amazonaws.com\n", vec!["CS205 info"]),
        (
            "      Action: lambda:InvokeFuncton\n      Principal: s3.amazonaws.com\n      SourceArn: !GetAtt B.Arn\n",
            vec!["CS121 error"],
        ),
    ] {
        let text = template(properties);
        assert_eq!(codes("p.yaml", &text), expected, "{text}");
    }
}

#[test]
fn buses_and_layers_have_permissions_too() {
    for (ty, attributes, expected) in [
        ("aws_cloudwatch_event_permission", "principal = \"123456789012\"\nstatement_id = \"Dev\"", vec![]),
        (
            "aws_cloudwatch_event_permission",
            "principal = \"*\"\nstatement_id = \"Org\"\ncondition {\nkey = \"aws:PrincipalOrgID\"\ntype = \"StringEquals\"\nvalue = aws_organizations_organization.o.id\n}",
            vec![],
        ),
        ("aws_cloudwatch_event_permission", "principal = \"*\"\nstatement_id = \"All\"", vec!["CS204 warning"]),
        (
            "aws_cloudwatch_event_permission",
            "principal = \"123456789012\"\naction = \"s3:PutObject\"\nstatement_id = \"x\"",
            vec!["CS125 error"],
        ),
        (
            "aws_lambda_layer_version_permission",
            "principal = \"*\"\naction = \"lambda:GetLayerVersion\"\norganization_id = \"o-a1b2c3d4e5\"\nstatement_id = \"x\"",
            vec![],
        ),
        (
            "aws_lambda_layer_version_permission",
            "principal = \"111122223333\"\naction = \"lambda:GetLayerVersio\"\nstatement_id = \"x\"",
            vec!["CS121 error"],
        ),
    ] {
        let text = in_terraform(ty, attributes);
        assert_eq!(codes("p.tf", &text), expected, "{text}");
    }
    let legacy = "Resources:\n  P:\n    Type: AWS::Events::EventBusPolicy\n    Properties:\n      StatementId: x\n      Action: events:PutEvents\n      Principal: '*'\n      Condition: {Type: StringEquals, Key: aws:PrincipalOrgID, Value: o-a1b2c3d4e5}\n";
    assert_eq!(codes("p.yaml", legacy), [""; 0]);
    assert_eq!(codes("p.yaml", &legacy.replace("PutEvents", "PutEvent")), ["CS121 error"]);
    // the finding stands at the word that is wrong, and names the resource
    let found = findings(
        "p.tf",
        &in_terraform("aws_lambda_permission", "  action = \"lambda:InvokeFunctio\"\n  principal = \"111122223333\""),
    );
    let [one] = found.as_slice() else { panic!("{:#?}", told(&found)) };
    assert_eq!(one.place.source.slice(one.place.span), "\"lambda:InvokeFunctio\"");
    assert_eq!(one.address().as_deref(), Some("aws_lambda_permission.p"));
}

/// A permission of Pulumi's, by the short name of its type and by the long one.
#[test]
fn permissions_of_pulumi_are_read() {
    let program = |ty: &str, properties: &str| {
        format!("name: x\nruntime: yaml\nresources:\n  p:\n    type: {ty}\n    properties:\n{properties}")
    };
    let of = |ty: &str, action: &str, narrowed: &str| {
        codes(
            "Pulumi.yaml",
            &program(
                ty,
                &format!(
                    "      action: {action}\n      principal: s3.amazonaws.com\n      function: ${{fn.arn}}\n{narrowed}"
                ),
            ),
        )
    };
    for ty in ["aws:lambda:Permission", "aws:lambda/permission:Permission"] {
        assert_eq!(of(ty, "lambda:InvokeFunctionn", "      sourceArn: ${b.arn}\n"), ["CS121 error"]);
        assert_eq!(of(ty, "lambda:InvokeFunction", "      sourceArn: ${b.arn}\n"), Vec::<String>::new());
        assert_eq!(of(ty, "lambda:InvokeFunction", ""), ["CS205 info"]);
        assert_eq!(of(ty, "s3:GetObject", "      sourceAccount: ${account}\n"), ["CS125 error"]);
    }
    let bus = program("aws:cloudwatch:EventPermission", "      principal: '*'\n      statementId: a\n");
    assert_eq!(codes("Pulumi.yaml", &bus), ["CS204 warning"]);
    let bus = bus.replace(
        "      statementId",
        "      condition: {type: StringEquals, key: aws:PrincipalOrgID, value: o-a1b2c3d4e5}\n      statementId",
    );
    assert_eq!(codes("Pulumi.yaml", &bus), Vec::<String>::new());
}
