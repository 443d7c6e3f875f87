/* edit.h: values of a study read and changed in the text where they stand.
 *
 * Comments, layout and @includes stay as they are; a value keeps its form: a plain number, text
 * with its unit, or a group { value; unit; source; }. Numbers are written with the shortest digits
 * that read back to the same double, and where a number in the unit that stands there could not
 * give the same bits in the model's unit, the model's unit is written. Nothing reaches a file
 * before the whole study was read again from the changed text.
 *
 * A path is keys with dots: "parameters.msc.k", "time.end", "arms.treated.doses.0.amount"; arms go
 * by name or number, other lists by number; a parameter or covariate by its own name alone.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_EDIT_H
#define STROMA_PARAMS_EDIT_H

#include "params/params.h"

/* --- for `stroma fit`: a study with other numbers ------------------------------------------------
 */

typedef struct {
    const char *path;
    double value;       // in the model's unit
    const char *source; // where the number comes from; NULL: what is said there stays
} FittedValue;

/* Writes to the file `to` ("-": standard output) a copy of the text of the study `from` with the
 * settings of `options` and these values. What stands in an included file is written after the
 * @include, in the copy. Paths of files (@include, model, data, population.file) are written anew
 * where `to` lies in another folder. params_read of the copy gives `value` bit by bit. False:
 * reported, and nothing is written. */
bool edit_copy(Arena *arena, const char *from, const char *to, const FittedValue *values, int count,
               const ParamsOptions *options, Diag *diag);

/* --- for `stroma params` -------------------------------------------------------------------------
 */

typedef struct Edit Edit;

/* The study as text, with the settings of `options` left out. NULL: it cannot be read. */
Edit *edit_open(Arena *arena, const char *path, const ParamsOptions *options, Diag *diag);

/* One value as it stands. */
typedef struct {
    const char *path;  // in full
    const char *value; // in letters: a number, or other text of the language
    const char *unit;  // as written, or the model's; NULL: none
    const char *source;
    Span span;          // of the value
    bool is_quantity;   // a parameter or covariate:
    double model_value; // in the model's unit
    const char *model_unit;
    bool is_default; // the model's: the study does not name it
} EditValue;

/* The value at a path, or all values below it. False: reported. */
bool edit_get(Edit *edit, const char *path, EditValue **values, int *count);

typedef struct {
    const char *path;
    const char *value;  // as typed: a number, "5 mg", or any other value; NULL: only the source
    const char *source; // NULL: stays
    bool model_unit;    // a number without a unit is in the model's, not in the one written there
    bool override;      // not in an included file, but in the study after the @include
} EditChange;

/* Changes the text in memory; a value that is missing is added to its group. False: reported. */
bool edit_set(Edit *edit, const EditChange *change);

/* What was changed, one line each: "a.cfg:12: K: 50 ug/L -> 60 ug/L". */
const char *edit_log(const Edit *edit);

/* Reads the study from the changed text. False if it has mistakes that it had not before. */
bool edit_check(Edit *edit);

/* Replaces the files that were changed, each at one stroke. False: reported. */
bool edit_write(Edit *edit);

/* Writes the text of the study (not what it includes) to another file, as edit_copy does. */
bool edit_write_copy(Edit *edit, const char *to);

#endif
