#!/bin/bash
# Makes the desk's copies of the GOV.UK Design System anew: `desk/pages/vendored/make.sh`. It needs npm; running needs none.
set -euo pipefail
version=6.3.0 # the one whose templates govuk-frontend-jinja has
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --no-audit --no-fund --silent "govuk-frontend@$version" sass@1
note="/*! GOV.UK Frontend $version, Copyright (c) Crown Copyright (Government Digital Service), MIT licence: see vendored/LICENCE */"
design=node_modules/govuk-frontend/dist
{ echo "$note"; npx sass --style=compressed --no-source-map --no-charset --load-path="$design" "$here/govuk-frontend.scss"; } \
  > "$here/../assets/govuk-frontend.css"
{ echo "$note"; sed 's|//# sourceMappingURL=.*||' "$design/govuk/govuk-frontend.min.js"; } > "$here/../assets/govuk-frontend.js"
