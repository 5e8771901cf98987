# header.awk - what holdfast.h says, one fact a line, to compare with the man pages
#
#	call NAME PROTOTYPE       a prototype
#	error NAME EXXX           an error that the comment before it says it returns
#	struct NAME DEFINITION    a structure, without its comments
#	stat NAME                 a member of struct hf_stats
#	word HF_XXX               a macro or an enumerator
#
# manual.awk says the same of a man page, in the same spelling.

function squeeze(text) {
	gsub(/[ \t\n]+/, " ", text)
	gsub(/ ?\* ?/, "*", text)
	gsub(/^ | $/, "", text)
	return text
}

function without_comments(text,    before) {
	while (match(text, /\/\*/)) {
		before = substr(text, 1, RSTART - 1)
		text = substr(text, RSTART + 2)
		text = before substr(text, index(text, "*/") + 2)
	}
	return text
}

function all_matches(kind, text, pattern, skip) {
	while (match(text, pattern)) {
		print kind, substr(text, RSTART + skip, RLENGTH - skip)
		text = substr(text, RSTART + RLENGTH)
	}
}

function prototype(text, comment,    name) {
	sub(/^HF_API /, "", text)
	sub(/^HF_MUST_USE /, "", text)
	name = text
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	print "call", name, text
	if (match(comment, /Returns /))
		all_matches("error " name, substr(comment, RSTART), "-E[A-Z]+", 1)
}

# Statements at the outermost level, each with the last comment that stood before one.
function statements(text,    comment, statement, end, at, name) {
	while (text != "") {
		sub(/^[ \t\n]+/, "", text)
		if (substr(text, 1, 2) == "/*") {
			at = index(text, "*/")
			comment = substr(text, 1, at)
			text = substr(text, at + 2)
			continue
		}
		# A structure's statement ends behind its brace.
		end = text ~ /^(struct|enum) [a-z_]+ \{/ ? "};" : ";"
		at = index(text, end)
		if (!at)
			return
		statement = squeeze(without_comments(substr(text, 1, at + length(end) - 2)))
		text = substr(text, at + length(end))
		name = statement
		sub(/^struct /, "", name)
		sub(/ .*/, "", name)
		if (statement ~ /^HF_API /)
			prototype(statement, comment)
		else if (statement ~ /^struct [a-z_]+ \{/)
			print "struct", name, statement
	}
}

# Directives are for words and statistics alone; extern "C" is for neither.
/^#/ || more {
	directives = directives "\n" $0
	open = /\/\*/ ? !/\/\*.*\*\// : open && !/\*\//
	more = /\\$/ || open
	next
}
/^extern "C"/ || /^}$/ { next }
{ text = text "\n" $0 }

END {
	statements(text)
	all_matches("stat", directives, "[ \t]X\\([a-z_]+", 3)
	all_matches("word", without_comments(text directives), "HF_[A-Z0-9_]+", 0)
}
