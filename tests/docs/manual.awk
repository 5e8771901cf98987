# manual.awk - what a man page of section 3 says, as header.awk says it of holdfast.h
#
#	call NAME PROTOTYPE, struct NAME DEFINITION, error EXXX, stat NAME

function squeeze(text) {
	gsub(/[ \t\n]+/, " ", text)
	gsub(/ ?\* ?/, "*", text)
	gsub(/^ | $/, "", text)
	return text
}

function prototype(name, arguments) {
	if (type !~ /typedef/)
		print "call", name, squeeze(type " " name "(" arguments ")")
}

# The words behind a macro's first one, quotes taken off, joined by commas.
function words_after(line,    list, word) {
	while (line != "") {
		if (line ~ /^"/) {
			match(line, /^"[^"]*"/)
			word = substr(line, 2, RLENGTH - 2)
		} else {
			match(line, /^[^ ]+/)
			word = substr(line, 1, RLENGTH)
		}
		list = list (list == "" ? "" : ", ") word
		line = substr(line, RLENGTH + 1)
		sub(/^ +/, "", line)
	}
	return list
}

/^\.Sh / { section = substr($0, 5) }

section == "SYNOPSIS" && /^\.Ft / { type = words_after(substr($0, 5)) }
section == "SYNOPSIS" && /^\.Fn / {
	rest = $0
	sub(/^\.Fn [^ ]+ */, "", rest)
	prototype($2, words_after(rest))
}
section == "SYNOPSIS" && /^\.Fo / { name = $2; arguments = "" }
section == "SYNOPSIS" && /^\.Fa / { arguments = arguments (arguments == "" ? "" : ", ") words_after(substr($0, 5)) }
section == "SYNOPSIS" && /^\.Fc/ { prototype(name, arguments) }

section == "ERRORS" && /^\.It Bq Er / { print "error", $4 }
/^\.It Va / { print "stat", $3 }

/^struct [a-z_]+ \{/ { definition = ""; inside = 1 }
inside { line = $0; gsub(/\/\*[^*]*\*\//, "", line); definition = definition " " line }
inside && /^\};/ {
	inside = 0
	definition = squeeze(definition)
	sub(/;$/, "", definition)
	name = definition
	sub(/^struct /, "", name)
	sub(/ .*/, "", name)
	print "struct", name, definition
}
