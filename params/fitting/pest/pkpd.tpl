ptf ~
CL,V,k_out,IC50
~ CL                 ~,~ V                  ~,~ k_out              ~,~ IC50               ~
