resource "aws_ssoadmin_permission_set_inline_policy" "reports" {
  instance_arn       = var.instance
  permission_set_arn = aws_ssoadmin_permission_set.auditor.arn
  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "artifact:ListReports", Resource = "*" }]
  })
}

resource "aws_ssoadmin_permission_set_inline_policy" "buckets" {
  instance_arn       = var.instance
  permission_set_arn = aws_ssoadmin_permission_set.auditor.arn
  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }]
  })
}
