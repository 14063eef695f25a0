resource "aws_iam_policy" "reports" {
  name   = "reports"
  policy = var.policy
}
