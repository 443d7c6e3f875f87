/* example.c: the library in forty lines: a model, two arms, one dose, the results.
 *
 * One compartment after a bolus of 100 mg: amount(t) = 100 exp(-clearance / volume * t).
 *     cc -std=c99 example.c $(pkg-config --cflags --libs stroma) -lm
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stroma.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char model_text[] = "model one \"one compartment\"\n"
                                 "time h\n"
                                 "param clearance [L/h] = 5\n"
                                 "param volume [L] = 50\n"
                                 "state central [mg] = 0\n"
                                 "d/dt(central) = -clearance / volume * central\n"
                                 "route iv -> central\n"
                                 "observe conc [mg/L] \"concentration\" = central / volume\n";

int main(void)
{
    const double times[] = {0, 1, 2, 4, 8, 12, 24};
    stroma_report *report = stroma_report_new();
    stroma_model *model = NULL;
    stroma_study *study = NULL;
    stroma_table *table = NULL;
    stroma_dose dose = stroma_dose_default();
    double worst = 1;
    dose.route = "iv";
    dose.amount = 100;
    if (stroma_model_from_text("one", model_text, strlen(model_text), NULL, report, &model) ==
            STROMA_OK &&
        stroma_study_new(model, &study) == STROMA_OK &&
        stroma_study_add_dose(study, NULL, &dose) == STROMA_OK &&
        stroma_study_add_arm(study, "healthy", NULL) == STROMA_OK &&
        stroma_study_add_arm(study, "renal failure", NULL) == STROMA_OK &&
        stroma_study_set_parameter(study, "renal failure", "clearance", 1) == STROMA_OK &&
        stroma_study_set_times(study, 0, 24, times, 7) == STROMA_OK &&
        stroma_study_run(study, NULL, report, &table) == STROMA_OK) {
        int column = stroma_table_find(table, "conc");
        worst = 0;
        for (size_t row = 0; row < stroma_table_rows(table); row++) {
            int arm = (int)stroma_table_value(table, row, 0);
            double time = stroma_table_value(table, row, 2);
            double conc = stroma_table_value(table, row, column);
            worst = fmax(worst, fabs(conc - 2 * exp(-(arm == 0 ? 0.1 : 0.02) * time)));
            printf("%-14s %4g h %.6f %s\n", stroma_table_arm(table, arm), time, conc,
                   stroma_table_unit(table, column));
        }
    }
    fputs(stroma_report_text(report), stderr);
    stroma_table_free(table);
    stroma_study_free(study);
    stroma_model_free(model);
    stroma_report_free(report);
    return worst < 2e-6 ? 0 : 1;
}
