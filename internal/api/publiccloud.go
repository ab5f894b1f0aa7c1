package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// publicCloudOperations are what partner integrations offer besides the
// generic operations on accounts and account groups.
func (a *API) publicCloudOperations() []operation.Operation {
	info, groups := a.kinds.Kind(kinds.PublicCloudInfoKind), a.kinds.Kind(kinds.AccountGroupKind)
	if info == nil || groups == nil { // a set of kinds of somebody's own
		return nil
	}
	read := operation.Operation{Method: "GET", Feature: access.PublicCloud, Level: access.ReadOnly, Limit: info.Read, Status: http.StatusOK}
	regions, template := read, read
	regions.ID, regions.Path, regions.Summary = "listSupportedRegions", "/publicCloudInfo/supportedRegions", "List the regions in which workloads can be discovered"
	regions.Query, regions.Out, regions.Handle = operation.PageParams(0), reflect.TypeFor[[]kinds.SupportedRegion](), listRegions
	template.ID, template.Path, template.Summary = "getCloudFormationTemplate", "/publicCloudInfo/cloudFormationTemplate", "Get the URL of the CloudFormation template that makes the role to discover with"
	template.Query, template.Out, template.Handle = []operation.Param{{Name: "awsAccountId", Says: "The account that the template is for, 12 digits; it is put into the URL."}}, reflect.TypeFor[string](), a.cloudFormationTemplate
	template.Text = "The URL as it is, under /ztw/api/v1."
	return []operation.Operation{
		countOperation("countPublicCloudInfos", "/publicCloudInfo/count", info, a.count(info)),
		countOperation("countAccountGroups", "/accountGroups/count", groups, a.count(groups)),
		regions, template, templateOperation(),
		{
			ID: "generateExternalId", Method: "POST", Path: "/publicCloudInfo/generateExternalId", Summary: "Make an external id for an AWS account",
			Feature: access.PublicCloud, Level: access.ReadWrite, Limit: info.Read, Status: http.StatusOK,
			In: reflect.TypeFor[externalID](), Out: reflect.TypeFor[externalID](), Text: "The external id alone, for clients that say what they accept.", Handle: generateExternalID,
		},
		{
			ID: "changePublicCloudInfoState", Method: "PUT", Path: "/publicCloudInfo/{id}/changeState", Summary: "Enable or disable the discovery of an AWS account",
			Feature: access.PublicCloud, Level: access.ReadWrite, Limit: info.Write, Status: http.StatusOK,
			Query: []operation.Param{{Name: "enable", Type: resource.Boolean, Says: "Whether workloads are discovered. It may stand in the body instead."}}, Out: info.Type, Handle: a.changeState(info),
		},
	}
}

func listRegions(c *operation.Call) error {
	offset, size, err := c.Page(0)
	if err != nil {
		return err
	}
	out := kinds.SupportedRegions()
	out = out[min(offset, len(out)):]
	if size > 0 {
		out = out[:min(size, len(out))]
	}
	return c.JSON(http.StatusOK, out)
}

// cloudFormationTemplate answers where the template lies.
//
// quirk: behaviours.md section 11, raw text under /ztw and a JSON string under
// the legacy base, so that no client fails on it.
func (a *API) cloudFormationTemplate(c *operation.Call) error {
	account := c.Query().Get("awsAccountId")
	if account != "" && !kinds.IsAWSAccount(account) {
		return wire.Invalid("awsAccountId", "must have 12 digits")
	}
	url, err := a.templateBase(c)
	if err != nil {
		return err
	}
	url += templatePath
	if account != "" {
		url += "?awsAccountId=" + account + "&orgId=" + strconv.FormatInt(c.Who.Org, 10)
	}
	if atGateway(c.Request) {
		plain(c, url)
		return nil
	}
	// json.Marshal would escape the ampersand, which a client may not undo.
	c.Bytes(http.StatusOK, []byte(strconv.Quote(url)))
	return nil
}

// externalID is what an external id is made for, and it.
type externalID struct {
	AWSAccountID string `json:"awsAccountId" required:"true"`
	AWSRoleName  string `json:"awsRoleName" required:"true" max:"64"`
	ExternalID   string `json:"externalId,omitempty" readonly:"true"`
}

// generateExternalID answers a fresh external id. Nothing is kept of it: an
// account brings its own.
//
// quirk: behaviours.md section 11, one client keeps the answer's text and says
// what it accepts; the other decodes an object and does not.
func generateExternalID(c *operation.Call) error {
	in, err := decode[externalID](c)
	if err != nil {
		return err
	}
	switch {
	case !kinds.IsAWSAccount(in.AWSAccountID):
		return wire.Invalid("awsAccountId", "must have 12 digits")
	case in.AWSRoleName == "":
		return wire.Invalid("awsRoleName", "cannot be null")
	case len(in.AWSRoleName) > 64:
		return wire.Invalid("awsRoleName", "cannot be longer than 64 characters")
	}
	in.ExternalID = "ext-" + strings.ToLower(rand.Text())
	if c.Request.Header.Get("Accept") == "" {
		return c.JSON(http.StatusOK, in)
	}
	plain(c, in.ExternalID)
	return nil
}

// plain answers text. It must not be called JSON: a client then decodes it,
// and fails.
func plain(c *operation.Call, text string) {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/plain")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(c.Writer, text) // the client is gone; nobody to tell
}

// changeState switches the discovery of all regions of an account. The switch
// is in the query or, as one client has it, in the body.
func (a *API) changeState(info *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		on, err := switched(c)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InPut, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			return w.Alter(ctx, info, id, func(v any) error {
				v.(*kinds.PublicCloudInfo).Switch(on)
				return nil
			})
		})
		return a.answer(c, answer, err)
	}
}

func switched(c *operation.Call) (bool, error) {
	if text := c.Query().Get("enable"); text != "" {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return false, wire.Invalid("enable", "must be true or false")
		}
		return on, nil
	}
	var in struct {
		Enable *wire.Bool `json:"enable"`
	}
	if err := json.Unmarshal(c.Body, &in); len(c.Body) > 0 && err != nil || in.Enable == nil {
		return false, wire.Invalid("enable", "must be true or false")
	}
	return bool(*in.Enable), nil
}
