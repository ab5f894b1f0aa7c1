package api

import (
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// templatePath is where the template of the discovery role lies. Whoever makes
// a stack of it has no session, so none is asked for.
const templatePath = "/spurline/v1/cloudFormation/workload-discovery.yaml"

func templateOperation() operation.Operation {
	return operation.Operation{
		ID: "getDiscoveryRoleTemplate", Method: "GET", Path: templatePath, Summary: "Download the CloudFormation template of the role to discover workloads with",
		Native: true, Sign: operation.Unsigned, Area: resource.PartnerIntegrations, Feature: access.Public, Status: http.StatusOK,
		Query: []operation.Param{
			{Name: "awsAccountId", Says: "The account that the stack is for; it refuses to be made in another one."},
			{Name: "orgId", Type: resource.Integer, Says: "The org that the role is for, for its name in the descriptions."},
		},
		Out: reflect.TypeFor[operation.Binary](), Handle: discoveryRoleTemplate,
	}
}

// templateBase is where the caller reaches this server: at the connector's host
// name through the proxy, else at the address that was asked.
func (a *API) templateBase(c *operation.Call) (string, error) {
	host, _, err := net.SplitHostPort(c.Request.Host)
	if ip := net.ParseIP(host); err == nil && (host == "localhost" || ip.IsLoopback()) {
		if c.Request.TLS != nil {
			return "https://" + c.Request.Host, nil
		}
		return "http://" + c.Request.Host, nil
	}
	cloud, err := a.Engine.Cloud(c.Request.Context(), c.Who.Org)
	return "https://connector." + cloud, err
}

// discoveryRoleTemplate makes the role that an account's awsRoleName names: it
// trusts the trusted role (discovery-settings.md), of whom the external id is
// asked, and may read what workloads there are and their tags.
func discoveryRoleTemplate(c *operation.Call) error {
	query := c.Query()
	account, org := query.Get("awsAccountId"), query.Get("orgId")
	if account != "" && !kinds.IsAWSAccount(account) {
		return wire.Invalid("awsAccountId", "must have 12 digits")
	}
	if _, err := strconv.ParseInt(org, 10, 64); org != "" && err != nil {
		return wire.Invalid("orgId", "must be an integer")
	}
	text := strings.NewReplacer("$ACCOUNT", kinds.TrustedAccountID, "$ROLE", kinds.TrustedRole).Replace(discoveryRole)
	if org != "" {
		text = strings.Replace(text, "Workload discovery", "Workload discovery for org "+org, 1)
	}
	if account != "" {
		text += strings.ReplaceAll(onlyInAccount, "$ACCOUNT", account)
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write([]byte(text)) // the client is gone; nobody to tell
	return nil
}

const discoveryRole = `AWSTemplateFormatVersion: "2010-09-09"
Description: Workload discovery (Spurline, a sandbox; the trusted account is made up)
Parameters:
  RoleName:
    Type: String
    Default: zscaler-discovery
    MaxLength: 64
    Description: The account's awsRoleName
  ExternalId:
    Type: String
    MinLength: 2
    MaxLength: 1224
    Description: The account's externalId
  TrustedAccountId:
    Type: String
    Default: "$ACCOUNT"
    AllowedPattern: "[0-9]{12}"
  TrustedRole:
    Type: String
    Default: $ROLE
Resources:
  DiscoveryRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Sub arn:aws:iam::${TrustedAccountId}:role/${TrustedRole}
            Action: sts:AssumeRole
            Condition:
              StringEquals:
                sts:ExternalId: !Ref ExternalId
      Policies:
        - PolicyName: workload-discovery
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action:
                  - ec2:DescribeInstances
                  - ec2:DescribeNetworkInterfaces
                  - ec2:DescribeRegions
                  - ec2:DescribeSubnets
                  - ec2:DescribeTags
                  - ec2:DescribeVpcs
                Resource: "*"
Outputs:
  RoleArn:
    Value: !GetAtt DiscoveryRole.Arn
`

// onlyInAccount keeps a stack out of other accounts.
const onlyInAccount = `Rules:
  InAccount:
    Assertions:
      - Assert: !Equals [!Ref "AWS::AccountId", "$ACCOUNT"]
        AssertDescription: This template is for the account $ACCOUNT
`
