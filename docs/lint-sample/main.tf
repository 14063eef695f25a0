data "aws_iam_policy_document" "legal" {
  statement {
    sid       = "ManageAgreements"
    actions   = ["artifact:DownloadAgreement", "artifact:AcceptAgreement"]
    resources = ["arn:aws:artifact:::agreement/*"]
  }
}

resource "aws_iam_policy" "legal" {
  name   = "legal"
  policy = data.aws_iam_policy_document.legal.json
}
