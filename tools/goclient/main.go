// Command goclient makes, reads and deletes an object through a client that
// oapi-codegen generated from the server's own document. It shows that the
// document serves Go programs; the test in internal/openapi runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spurline/spurline/tools/goclient/api"
)

func main() {
	if err := run(context.Background(), os.Getenv("SPURLINE_URL")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	session, err := signIn(ctx, url)
	if err != nil {
		return err
	}
	signed := api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.AddCookie(session)
		return nil
	})
	client, err := api.NewClientWithResponses(url+"/api/v1", signed)
	if err != nil {
		return err
	}
	native, err := api.NewClientWithResponses(url, signed)
	if err != nil {
		return err
	}
	who, err := native.WhoAmIWithResponse(ctx)
	if err != nil {
		return err
	}
	if who.JSON200 == nil {
		return fmt.Errorf("who am I: %s %s", who.Status(), who.Body)
	}
	fmt.Println("signed in as", who.JSON200.Login)
	return useGroup(ctx, client)
}

// signIn begins a session.
func signIn(ctx context.Context, url string) (*http.Cookie, error) {
	client, err := api.NewClientWithResponses(url + "/api/v1")
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixMilli()
	answer, err := client.SignInWithResponse(ctx, nil, api.SignIn{
		ApiKey: obfuscate(os.Getenv("SPURLINE_API_KEY"), now), Timestamp: now,
		Username: os.Getenv("SPURLINE_USERNAME"), Password: os.Getenv("SPURLINE_PASSWORD"),
	})
	if err != nil {
		return nil, err
	}
	if answer.JSON200 == nil {
		return nil, fmt.Errorf("sign in: %s %s", answer.Status(), answer.Body)
	}
	for _, c := range answer.HTTPResponse.Cookies() {
		if c.Name == "JSESSIONID" {
			return c, nil
		}
	}
	return nil, errors.New("sign in: no session came back")
}

// useGroup takes an IP source group through its life.
func useGroup(ctx context.Context, client *api.ClientWithResponses) error {
	made, err := client.CreateIpSourceGroupWithResponse(ctx, api.IPSourceGroupInput{Name: "go-client", IpAddresses: []string{"10.0.0.0/24"}})
	if err != nil {
		return err
	}
	if made.JSON200 == nil {
		return fmt.Errorf("create: %s %s", made.Status(), made.Body)
	}
	id := made.JSON200.Id
	found, err := client.GetIpSourceGroupWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if found.JSON200 == nil || found.JSON200.Name != "go-client" || len(found.JSON200.IpAddresses) != 1 {
		return fmt.Errorf("get: %s %s", found.Status(), found.Body)
	}
	fmt.Println("created and read", found.JSON200.Name)
	gone, err := client.DeleteIpSourceGroupWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if gone.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("delete: %s %s", gone.Status(), gone.Body)
	}
	after, err := client.GetIpSourceGroupWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if after.JSON404 == nil || after.JSON404.Code == nil || *after.JSON404.Code != "RESOURCE_NOT_FOUND" {
		return fmt.Errorf("get after the deletion: %s %s", after.Status(), after.Body)
	}
	fmt.Println("deleted it")
	return nil
}

// obfuscate mixes the API key with the time, as a sign-in wants it.
func obfuscate(key string, millis int64) string {
	stamp := strconv.FormatInt(millis, 10)
	high := stamp[len(stamp)-6:]
	n, _ := strconv.Atoi(high) // digits
	low := fmt.Sprintf("%06d", n>>1)
	var out strings.Builder
	for _, digit := range high {
		out.WriteByte(key[digit-'0'])
	}
	for _, digit := range low {
		out.WriteByte(key[digit-'0'+2])
	}
	return out.String()
}
