package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"standdown/mapping/reader"
	"standdown/mapping/reader/readertest"
)

func newMailMatrixCommand(g *globals) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use:   "matrix [FILE...]",
		Short: "Count where the reader of mails and people agree",
		Long: `Count where the reader of mails and people agree: rows are what people say a mail
asks for, columns what the reader says. Without FILE the mails that come with
this program are read: those the reader was developed on, and those kept out of
that. FILE holds mails of your own in the form that package
mapping/reader/readertest describes; with --config the reader knows them by your
references and names.

Below the tables stands each mail of which the two think differently. It is no
failure: a mail that is left to a person costs a minute.`,
		Example: `  standdown mail matrix
  standdown --config standdown.yaml mail matrix our-mails.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			files := readertest.Shipped()
			if len(args) > 0 {
				files = nil
			}
			for _, name := range args {
				data, err := readFile(cmd.InOrStdin(), name)
				if err != nil {
					return err
				}
				files = append(files, readertest.File{Name: name, Data: data})
			}
			patterns, err := g.patterns()
			if err != nil {
				return err
			}
			var scores []readertest.Score
			for _, f := range files {
				score, err := readertest.Run(f, patterns)
				if err != nil {
					return wrong{err}
				}
				scores = append(scores, score)
			}
			if g.json() {
				return printJSON(cmd.OutOrStdout(), scores)
			}
			return printScores(cmd.OutOrStdout(), scores, quiet)
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print the tables only")
	return cmd
}

// patterns are those of the configuration; nil if none was named.
func (g *globals) patterns() (*reader.Patterns, error) {
	if !g.configured() {
		return nil, nil
	}
	c, err := g.load()
	if err != nil {
		return nil, err
	}
	p := c.Names.Patterns()
	return &p, nil
}

func printScores(w io.Writer, scores []readertest.Score, quiet bool) error {
	for i, s := range scores {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := s.Write(w); err != nil {
			return err
		}
	}
	if quiet {
		return nil
	}
	for _, s := range scores {
		for _, d := range s.Differs {
			if _, err := fmt.Fprintln(w, d); err != nil {
				return err
			}
		}
	}
	return nil
}
