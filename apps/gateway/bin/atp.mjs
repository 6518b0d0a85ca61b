#!/usr/bin/env node
// A file that is there before the build, so that npm can link the command when it installs.
// biome-ignore lint/style/noRestrictedImports: the build is what there is to run
import '../dist/main.js'
