#!/usr/bin/env bash
# Collects what `countersign import` reads, with read-only calls of the AWS CLI (version 2). Made by
# `countersign import --script`.
#
#   countersign import --script > collect.sh
#   bash collect.sh FOLDER
#   countersign import FOLDER --out INVENTORY
#
# Run it with credentials of the management account, or of a delegated administrator of AWS Organizations and IAM Identity
# Center. In every other account it assumes a role; `countersign import --script --policy` prints what both need. It can be
# stopped and run again: answers that are there are kept, and only what is missing or has failed is asked again. With --fresh,
# everything is asked again. A call that fails for good, or whose answer is cut short, leaves FILE.failed with the error in place
# of the answer; what it would have told is then unknown to countersign. The inventory is as old as the oldest answer.
#
# Settings, from the environment:
#   ROLE       the role to assume in each account               [OrganizationAccountAccessRole]
#   ACCOUNTS   only these accounts, separated by blanks          [all of the organization]
#   JOBS       calls and accounts that are collected at a time   [4]
#   ATTEMPTS   how often a call is tried                         [5]
#   WAIT       seconds before the second attempt; it doubles     [2]
#   SSO_REGION the Region of IAM Identity Center                 [the Region of the AWS CLI]
set -uo pipefail

fresh=""
if [ "${1:-}" = --fresh ]; then
  fresh=yes
  shift
fi
if [ "$#" -ne 1 ] || [[ $1 == -* ]]; then
  echo "usage: bash $0 [--fresh] FOLDER" >&2
  exit 2
fi
command -v aws > /dev/null || { echo "the AWS CLI is not installed" >&2; exit 2; }

folder=$1
role=${ROLE:-OrganizationAccountAccessRole}
jobs=${JOBS:-4}
attempts=${ATTEMPTS:-5}
wait_first=${WAIT:-2}
export AWS_PAGER="" AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-10}" AWS_RETRY_MODE="${AWS_RETRY_MODE:-adaptive}"
mkdir -p "$folder" || exit 2
# what was asked and when: a line an answer, with the moment before the call, its file and the call
stamps=$folder/.asked
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
# answers that have no stamp are as old as their files
if [ ! -e "$stamps" ]; then
  find "$folder" -name '*.json' ! -name collection.json | while IFS= read -r file; do
    printf '%s\t%s\tkept\n' "$(date -u -r "$file" +%Y-%m-%dT%H:%M:%SZ)" "${file#"$folder"/}"
  done > "$stamps"
fi
before=$(wc -l < "$stamps")
touch "$folder/.started"

# kept FILE: an answer that need not be asked again
kept() {
  [ -s "$folder/$1" ] || return 1
  [ -z "$fresh" ] || grep -qF "$(printf '\t%s\t' "$1")" <(tail -n "+$((before + 1))" "$stamps")
}

# ask FILE ARGUMENTS...: one call. An answer is written whole or not at all.
ask() {
  local name=$1 file=$folder/$1 attempt=1 pause=$wait_first error at
  shift
  kept "$name" && return 0
  mkdir -p "$(dirname "$file")"
  while :; do
    at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    if aws "$@" --output json > "$file.part" 2> "$file.error"; then
      # the AWS CLI joins the pages: a token that is left says that some are missing
      if grep -Eq '^ {0,4}"(NextToken|nextToken|Marker|NextMarker)": *"|^ {0,4}"IsTruncated": *true' "$file.part"; then
        error="truncated: the answer has a token for a further page"
        break
      fi
      # a call that answers nothing, as for a permission set without a boundary, has no answer to keep
      if [ -s "$file.part" ]; then mv "$file.part" "$file"; else rm -f "$file.part" "$file"; fi
      rm -f "$file.error" "$file.failed"
      printf '%s\t%s\taws %s\n' "$at" "$name" "$*" >> "$stamps"
      return 0
    fi
    error=$(cat "$file.error")
    case $error in
      *Throttl*|*TooManyRequests*|*RequestLimitExceeded*|*ServiceUnavailable*|*InternalServer*|*timed\ out*|*Could\ not\ connect*)
        if [ "$attempt" -lt "$attempts" ]; then
          sleep "$pause"
          attempt=$((attempt + 1))
          pause=$((pause * 2))
          continue
        fi
        ;;
    esac
    break
  done
  { printf '%s\n' "$error" | sed '/^$/d'; printf 'aws %s\n' "$*"; } > "$file.failed"
  # an older answer is not what was asked for
  rm -f "$file.part" "$file.error" "$file"
  tell "failed: aws $*"
  return 1
}

# tell TEXT, progress TEXT: to stderr. Progress is one line of a terminal, and nothing elsewhere.
clear=""
[ -t 2 ] && clear=$'\r\033[K'
tell() { printf '%s%s\n' "$clear" "$1" >&2; }
progress() { [ -z "$clear" ] || printf '%s%s' "$clear" "$1" >&2; }

# each WHAT FUNCTION ITEMS...: calls a function for each item, several at a time
each() {
  local what=$1 function=$2 running=0 done=0 item
  shift 2
  for item in "$@"; do
    progress "$what: $done of $#"
    ( "$function" "$item" ) &
    running=$((running + 1))
    done=$((done + 1))
    if [ "$running" -ge "$jobs" ]; then
      wait -n 2> /dev/null || wait
      running=$((running - 1))
    fi
  done
  wait
  progress ""
}

# members FILE NAME, strings FILE: values of an answer, one a line. jq may be missing, and the AWS CLI writes a member a line.
members() {
  [ -s "$folder/$1" ] || return 0
  sed -n "s/^ *\"$2\": \"\([^\"]*\)\",\{0,1\}\$/\1/p" "$folder/$1"
}
strings() {
  [ -s "$folder/$1" ] || return 0
  sed -n 's/^ *"\(arn:[^"]*\)",\{0,1\}$/\1/p' "$folder/$1"
}

me=$(aws sts get-caller-identity --query Account --output text) || { echo "no credentials" >&2; exit 2; }
# the Region in which a partition has AWS Artifact, and in which CloudTrail records the events of Organizations: the other partition's
# Regions refuse these credentials
partition=aws home=us-east-1
case $(aws sts get-caller-identity --query Arn --output text) in
  arn:aws-us-gov:*) partition=aws-us-gov home=us-gov-west-1 ;;
esac

org=organizations
progress "the organization"
ask $org/describe-organization.json organizations describe-organization
ask $org/list-roots.json organizations list-roots
ask $org/list-accounts.json organizations list-accounts
ask $org/list-aws-service-access-for-organization.json organizations list-aws-service-access-for-organization
ask $org/list-delegated-administrators.json organizations list-delegated-administrators
ask $org/list-policies.SERVICE_CONTROL_POLICY.json organizations list-policies --filter SERVICE_CONTROL_POLICY
# resource control policies are in effect only where the root has them enabled
controls=$org/list-policies.RESOURCE_CONTROL_POLICY.json
if [ ! -s "$folder/$org/list-roots.json" ] || grep -q RESOURCE_CONTROL_POLICY "$folder/$org/list-roots.json"; then
  ask $controls organizations list-policies --filter RESOURCE_CONTROL_POLICY
else
  rm -f "$folder/$controls" "$folder/$controls.failed"
fi

# the units, level by level: AWS allows five below a root
level=$(members $org/list-roots.json Id)
while [ -n "$level" ]; do
  next=""
  for parent in $level; do
    file=$org/list-organizational-units-for-parent.$parent.json
    ask "$file" organizations list-organizational-units-for-parent --parent-id "$parent"
    below=$(members "$file" Id)
    [ -n "$below" ] && next="$next $below"
  done
  level=$next
done

policy() {
  ask "$org/describe-policy.$1.json" organizations describe-policy --policy-id "$1"
  ask "$org/list-targets-for-policy.$1.json" organizations list-targets-for-policy --policy-id "$1"
}
each "service control policies" policy $(members $org/list-policies.SERVICE_CONTROL_POLICY.json Id)
# RCPFullAWSAccess is attached everywhere, and cannot be detached
each "resource control policies" policy $(members $controls Id | grep -vx p-RCPFullAWSAccess)
for account in $(members $org/list-delegated-administrators.json Id); do
  ask "$org/list-delegated-services-for-account.$account.json" organizations list-delegated-services-for-account \
    --account-id "$account"
done
all=$(members $org/list-accounts.json Id)
tags() {
  ask "$org/list-tags-for-resource.$1.json" organizations list-tags-for-resource --resource-id "$1"
}
each "tags of accounts" tags $all

# IAM Identity Center: what every permission set holds, and to whom it is assigned where
sso=sso-admin
region=()
[ -n "${SSO_REGION:-}" ] && region=(--region "$SSO_REGION")
ask $sso/list-instances.json sso-admin list-instances ${region[@]+"${region[@]}"}
store=$(members $sso/list-instances.json IdentityStoreId | head -n 1)
instance=$(members $sso/list-instances.json InstanceArn | head -n 1)
permission_set() {
  local set=$1 id=${1##*/} boundary account
  local of=(--instance-arn "$instance" --permission-set-arn "$set")
  ask "$sso/$id/describe-permission-set.$id.json" sso-admin describe-permission-set "${of[@]}" ${region[@]+"${region[@]}"}
  ask "$sso/$id/get-inline-policy.$id.json" sso-admin get-inline-policy-for-permission-set "${of[@]}" ${region[@]+"${region[@]}"}
  ask "$sso/$id/list-managed-policies.$id.json" sso-admin list-managed-policies-in-permission-set "${of[@]}" ${region[@]+"${region[@]}"}
  ask "$sso/$id/list-customer-managed-policies.$id.json" \
    sso-admin list-customer-managed-policy-references-in-permission-set "${of[@]}" ${region[@]+"${region[@]}"}
  # a permission set without a boundary is answered by an error, which is no failure
  boundary=$sso/$id/get-permissions-boundary.$id.json
  if ! ask "$boundary" sso-admin get-permissions-boundary-for-permission-set "${of[@]}" ${region[@]+"${region[@]}"} 2> /dev/null; then
    if grep -q ResourceNotFoundException "$folder/$boundary.failed"; then
      printf '{\n    "PermissionsBoundary": {}\n}\n' > "$folder/$boundary"
      rm -f "$folder/$boundary.failed"
      printf '%s\t%s\taws sso-admin get-permissions-boundary-for-permission-set\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$boundary" >> "$stamps"
    else
      tell "failed: the permissions boundary of $set"
    fi
  fi
  ask "$sso/$id/list-accounts.$id.json" sso-admin list-accounts-for-provisioned-permission-set "${of[@]}" ${region[@]+"${region[@]}"}
  for account in $(sed -n 's/^ *"\([0-9]\{12\}\)",\{0,1\}$/\1/p' "$folder/$sso/$id/list-accounts.$id.json" 2> /dev/null); do
    ask "$sso/$id/list-account-assignments.$account.$id.json" sso-admin list-account-assignments "${of[@]}" \
      --account-id "$account" ${region[@]+"${region[@]}"}
  done
}
if [ -n "$instance" ]; then
  ask $sso/list-permission-sets.json sso-admin list-permission-sets --instance-arn "$instance" ${region[@]+"${region[@]}"}
  each "permission sets" permission_set $(strings $sso/list-permission-sets.json)
fi
group() {
  ask "$sso/list-group-memberships.$1.json" identitystore list-group-memberships --identity-store-id "$store" \
    --group-id "$1" ${region[@]+"${region[@]}"}
}
if [ -n "$store" ]; then
  ask $sso/list-users.json identitystore list-users --identity-store-id "$store" ${region[@]+"${region[@]}"}
  ask $sso/list-groups.json identitystore list-groups --identity-store-id "$store" ${region[@]+"${region[@]}"}
  each "groups" group $(members $sso/list-groups.json GroupId)
fi

# joining, leaving, accepting and terminating, as far back as the event history goes; trails that go back further are
# imported as files
for event in AccountJoinedOrganization AccountDepartedOrganization CreateAccountResult AcceptHandshake \
  RemoveAccountFromOrganization CloseAccountResult EnableAWSServiceAccess DisableAWSServiceAccess; do
  ask "cloudtrail/lookup-events.$event.json" cloudtrail lookup-events --region "$home" \
    --lookup-attributes "AttributeKey=EventName,AttributeValue=$event"
done

# calls_of DO ACCOUNT: what is asked in an account, each as DO FILE ARGUMENTS...
calls_of() {
  local do=$1 account=$2 at=accounts/$2 event
  "$do" "$at/list-customer-agreements.$account.json" artifact list-customer-agreements --region "$home"
  "$do" "$at/get-account-settings.$account.json" artifact get-account-settings --region "$home"
  "$do" "$at/get-account-authorization-details.$account.json" iam get-account-authorization-details
  "$do" "$at/get-account-summary.$account.json" iam get-account-summary
  for event in AcceptAgreement TerminateAgreement LeaveOrganization; do
    "$do" "$at/lookup-events.$event.$account.json" cloudtrail lookup-events --region "$home" \
      --lookup-attributes "AttributeKey=EventName,AttributeValue=$event"
  done
}

# noted FILE: whether `collect` has everything
noted() { kept "$1" || complete=""; }

# collect ACCOUNT: what only the account itself tells. Runs in a shell of its own.
collect() {
  local account=$1 at=accounts/$1 credentials complete=yes
  # what is there already needs no credentials
  calls_of noted "$account"
  [ -n "$complete" ] && { rm -f "$folder/$at/assume-role.json.failed"; return 0; }
  if [ "$account" != "$me" ]; then
    # credentials stay in this shell, and are written to no file
    credentials=$(aws sts assume-role --role-arn "arn:$partition:iam::$account:role/$role" \
      --role-session-name countersign --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text \
      2> "$folder/$at.error")
    if [ -z "$credentials" ]; then
      mkdir -p "$folder/$at"
      { sed '/^$/d' "$folder/$at.error"; echo "aws sts assume-role in $account"; } > "$folder/$at/assume-role.json.failed"
      rm -f "$folder/$at.error"
      tell "failed: the role $role in $account"
      return 1
    fi
    rm -f "$folder/$at.error" "$folder/$at/assume-role.json.failed"
    read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$credentials"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    unset AWS_PROFILE
  fi
  calls_of ask "$account"
}

mkdir -p "$folder/accounts"
ask reports/list-reports.json artifact list-reports --region "$home"

# accounts that are suspended, closed or not yet activated let nobody in: asking them would fail each time. One whose closure is
# pending may still answer
closed=""
if [ -s "$folder/$org/list-accounts.json" ]; then
  # `State` tells more than `Status`, which AWS retires
  closed=$(awk '/^ *"Id": / { gsub(/[",]/, "", $2); id = $2 }
    /^ *"Status": / { gsub(/[",]/, "", $2); if (!(id in states)) states[id] = $2 }
    /^ *"State": / { gsub(/[",]/, "", $2); states[id] = $2 }
    END { for (id in states) if (states[id] ~ /^(SUSPENDED|CLOSED|PENDING_ACTIVATION)$/) print id " " states[id] }' \
    "$folder/$org/list-accounts.json")
fi
open=""
for account in ${ACCOUNTS:-${all:-$me}}; do
  state=$(printf '%s\n' "$closed" | awk -v id="$account" '$1 == id { print $2 }')
  if [ -z "$state" ]; then
    open="$open $account"
  else
    tell "not asked: account $account is $state"
    rm -f "$folder/accounts/$account"/*.failed
  fi
done
each "accounts" collect $open

# what was not asked again is of an account, a unit or a permission set that is gone
if [ -n "$fresh" ]; then
  awk -F '\t' -v before="$before" '{ last[$2] = NR } END { for (file in last) if (last[file] <= before) print file }' "$stamps" |
    while IFS= read -r file; do
      case $file in
        accounts/*) account=${file#accounts/} account=${account%%/*} ;;
        *) account="" ;;
      esac
      # with ACCOUNTS, the others were not meant to be asked
      [ -n "$account" ] && [ -n "${ACCOUNTS:-}" ] && continue
      rm -f "$folder/$file"
    done
fi

# the last stamp of each answer that is there, oldest first
asked=$(awk -F '\t' '{ last[$2] = $0 } END { for (file in last) print last[file] }' "$stamps" | sort |
  while IFS= read -r line; do
    file=${line#*$'\t'}
    [ -s "$folder/${file%%$'\t'*}" ] && printf '%s\n' "$line"
  done)
printf '%s\n' "$asked" | sed '/^$/d' > "$stamps"
oldest=$(printf '%s\n' "$asked" | head -n 1 | cut -f 1)
{
  printf '{\n  "countersignCollection": {\n    "collectedAt": "%s",\n    "finishedAt": "%s",\n    "account": "%s",\n    "asked": [' \
    "${oldest:-$started}" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$me"
  printf '%s\n' "$asked" | sed '/^$/d' | awk -F '\t' 'function text(t) { gsub(/\\/, "\\\\", t); gsub(/"/, "\\\"", t); return "\"" t "\"" }
    { printf "%s\n      { \"at\": %s, \"file\": %s, \"call\": %s }", (NR > 1 ? "," : ""), text($1), text($2), text($3) }'
  printf '\n    ]\n  }\n}\n'
} > "$folder/collection.json"

# a failure of a call that was not made again is of something that is gone; with ACCOUNTS, of an account that was not meant
find "$folder" -name '*.failed' ! -newer "$folder/.started" | while IFS= read -r file; do
  case ${file#"$folder"/} in
    accounts/*) [ -z "${ACCOUNTS:-}" ] && rm -f "$file" ;;
    *) rm -f "$file" ;;
  esac
done
rm -f "$folder/.started"
failed=$(find "$folder" -name '*.failed' | wc -l)
tell "$(find "$folder" -name '*.json' | wc -l) answers in $folder; $failed calls failed"
# what failed is recorded, and unknown; that there are failures is told by the exit code
[ "$failed" -eq 0 ]
