package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/docs"
	"github.com/spurline/spurline/internal/document"
	"github.com/spurline/spurline/internal/postman"
)

// The files that postman writes, as Postman itself names them.
const (
	collectionFile  = "spurline.postman_collection.json"
	environmentFile = "spurline.postman_environment.json"
)

func newPostman() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "postman [DIRECTORY]",
		Short: "Write a Postman collection of the whole API, and an environment for it",
		Long: "postman writes two files for Postman and newman: a collection (format 2.1) with the whole\n" +
			"API, which signs in by itself, and an environment with the address and the sign-in of the\n" +
			"profile. The environment holds secrets where the profile knows them, and only its owner\n" +
			"can read it; what the profile does not know is left to fill in.\n\n" +
			"Run from end to end, the collection changes and deletes no object but its own. It does\n" +
			"activate, also what others have saved, and leaves the switches of the account id status off.",
		Example: "  spurline postman\n  newman run " + collectionFile + " -e " + environmentFile,
		Args:    cobra.MaximumNArgs(1),
		RunE: verbArgs(func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return writePostman(cmd, dir)
		}),
	}
	return cmd
}

func writePostman(cmd *cobra.Command, dir string) error {
	p, err := chooseProfile(cmd)
	if err != nil {
		return err
	}
	s := &session{profile: p, stderr: cmd.ErrOrStderr()}
	if _, err := s.reach(); err != nil {
		return err
	}
	known := secrets{login: p.Login}
	if p.DataDir != "" {
		if err := known.fromDataDir(p.DataDir); err != nil {
			return err
		}
	}
	d, err := document.Read(docs.OpenAPI)
	if err != nil {
		return err
	}
	environment := postman.NewEnvironment("Spurline: "+p.Name, s.profile.URL, postman.Secrets{
		Login: known.login, Password: cmp.Or(p.Password, known.password), APIKey: cmp.Or(p.APIKey, known.apiKey),
	})
	collection, err := json.MarshalIndent(postman.New(d), "", "  ")
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("%s is not a directory", dir)
	}
	paths := [2]string{filepath.Join(dir, collectionFile), filepath.Join(dir, environmentFile)}
	if err := errors.Join(os.WriteFile(paths[0], append(collection, '\n'), 0o644), writePrivate(paths[1], environment)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n", paths[0], paths[1])
	return err
}
