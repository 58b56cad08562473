// In place of the 23 kB that the theme has here. Where words end is said by `separator` in
// mkdocs.ja.yml, for the index as for what is searched for, so nothing is left to segment.
lunr.TinySegmenter = class {
  ctype_() {
    return "O" // another script than Japanese, which the search leaves whole
  }

  segment(text) {
    return [text]
  }
}
